package weather_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"time"

	"barograph/weather"
	"barograph/weather/openmeteo"
	"barograph/weather/simulator"
)

func ExampleService() {
	now := func() time.Time { return time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC) }
	server := httptest.NewServer(simulator.New(now))
	defer server.Close()
	client, err := openmeteo.New(server.URL, simulator.Source, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	service := weather.NewService(now, slog.New(slog.DiscardHandler), client)
	defer service.Close()
	for _, result := range service.Reports(context.Background(), []weather.Place{
		{Latitude: 59.91, Longitude: 10.75, TimeZone: "Europe/Oslo"},
		{Latitude: 91, Longitude: 0, TimeZone: "GMT"},
		{Latitude: -12.04, Longitude: -77.03, TimeZone: "America/Lima"},
	}, weather.Need{Current: true, Days: 7}) {
		if result.Err != nil {
			fmt.Println("no report")
			continue
		}
		r := result.Report
		fmt.Println(r.Place.TimeZone, "by", r.Source.Provider, "for", len(r.Daily), "days from", r.Daily[0].Date.Format(time.DateOnly))
	}
	// Output:
	// Europe/Oslo by simulator for 7 days from 2026-06-15
	// no report
	// America/Lima by simulator for 7 days from 2026-06-15
}

func ExampleConditions_Imperial() {
	conditions := weather.Conditions{Temperature: 20, Pressure: 1013.25, WindSpeed: 100, Code: 63}.Imperial()
	description, _ := conditions.Description()
	fmt.Printf("%s: %.0f °F, %.2f inHg, %.1f mph\n", description, conditions.Temperature, conditions.Pressure, conditions.WindSpeed)
	// Output: Moderate rain: 68 °F, 29.92 inHg, 62.1 mph
}
