package enrichment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"barograph/gazetteer"
	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/enrichment"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// reports has a report for every place but those in the south, and counts calls.
type reports struct{ calls, places int }

func (r *reports) Reports(_ context.Context, places []weather.Place, _ weather.Need) []weather.Result {
	r.calls++
	r.places += len(places)
	results := make([]weather.Result, len(places))
	for i, place := range places {
		if place.Latitude < 0 {
			results[i].Err = fault.Wrap(errors.New("secret"), fault.UpstreamTimeout, "the weather provider did not answer in time")
			continue
		}
		results[i] = weather.Result{State: weather.Cached, Report: &weather.Report{
			Source: weather.Source{Provider: "sky", Attribution: "the sky", Simulated: true}, FetchedAt: noon, ExpiresAt: noon.Add(time.Hour),
			Current: &weather.Conditions{Time: noon, Temperature: 3.14159, Humidity: weather.Missing, Daylight: weather.Daytime},
		}}
	}
	return results
}

func open(tb testing.TB) *gazetteer.Gazetteer {
	tb.Helper()
	g, err := gazetteer.Open()
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func Example() {
	cities, err := gazetteer.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	oslo, _ := cities.Find("Oslo")
	found, errs := enrichment.Source{Gazetteer: cities, Reports: &reports{}}.Current(context.Background(), []int64{int64(oslo.ID)})
	var conditions struct {
		City        string
		Temperature float64
		Freshness   struct {
			State     string
			Simulated bool
		}
	}
	fmt.Println(errs[0], json.Unmarshal(found[0], &conditions))
	fmt.Println(conditions)
	// Output:
	// <nil> <nil>
	// {Oslo 3.14 {CACHED true}}
}

func TestCurrentAsksOnceAndTellsEachCityItsOwn(t *testing.T) {
	t.Parallel()
	cities, asked := open(t), &reports{}
	oslo, _ := cities.Find("Oslo")
	lima, _ := cities.Find("Lima")
	found, errs := enrichment.Source{Gazetteer: cities, Reports: asked}.Current(t.Context(), []int64{int64(lima.ID), -1, int64(oslo.ID)})
	if asked.calls != 1 || asked.places != 2 {
		t.Errorf("it made %d calls for %d places, want one for two", asked.calls, asked.places)
	}
	if fault.Of(errs[0]).Message != "the weather provider did not answer in time" || fault.KindOf(errs[1]) != fault.NotFound || errs[2] != nil {
		t.Errorf("errors: %v", errs)
	}
	for _, member := range []string{`"humidity":null`, `"isDay":true`, `"provider":"sky"`, `"fetchedAt":"2026-03-01T12:00:00Z"`, `"time":"2026-03-01T12:00:00Z"`} {
		if !strings.Contains(string(found[2]), member) {
			t.Errorf("the conditions are %s, want %s in them", found[2], member)
		}
	}
}
