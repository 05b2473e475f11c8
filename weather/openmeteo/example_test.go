package openmeteo_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"barograph/weather"
	"barograph/weather/openmeteo"
	"barograph/weather/simulator"
)

func ExampleClient() {
	now := func() time.Time { return time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC) }
	server := httptest.NewServer(simulator.New(now)) // or openmeteo.DefaultURL
	defer server.Close()
	client, err := openmeteo.New(server.URL, simulator.Source, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	oslo := weather.Place{Latitude: 59.91, Longitude: 10.75, TimeZone: "Europe/Oslo"}
	results, err := client.Fetch(context.Background(), []weather.Place{oslo}, weather.Need{Current: true, Hours: 3})
	if err != nil || results[0].Err != nil {
		fmt.Println(err, results)
		return
	}
	for _, hour := range results[0].Report.Hourly {
		fmt.Println(hour.Time.Format(time.RFC3339), hour.Temperature.Known())
	}
	// Output:
	// 2026-06-15T14:00:00+02:00 true
	// 2026-06-15T15:00:00+02:00 true
	// 2026-06-15T16:00:00+02:00 true
}
