// Package enrichment writes down what the weather is at cities, as JSON, for the
// steps of pipelines that add it to payloads. The members are those of the
// schema's CurrentConditions, metric, and of its Freshness. Asking for the
// weather is left to package weather.
package enrichment

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"barograph/gazetteer"
	"barograph/internal/fault"
	"barograph/internal/strictjson"
	"barograph/weather"
)

// A Source answers for cities. It is safe for concurrent use.
type Source struct {
	Gazetteer *gazetteer.Gazetteer
	Reports   Reports
}

// Reports answer for places, one result each, in order: a *weather.Service.
type Reports interface {
	Reports(ctx context.Context, places []weather.Place, need weather.Need) []weather.Result
}

// Current returns the conditions at each city, by the gazetteer's ids, all asked
// for at once, and in the place of each that is not known an error.
func (s Source) Current(ctx context.Context, cities []int64) ([]json.RawMessage, []error) {
	texts, errs := make([]json.RawMessage, len(cities)), make([]error, len(cities))
	var (
		places []weather.Place
		known  []int
		found  []*gazetteer.City
	)
	for i, id := range cities {
		city, ok := s.Gazetteer.City(int(id))
		if !ok {
			errs[i] = fault.New(fault.NotFound, "there is no city %d", id)
			continue
		}
		places = append(places, weather.Place{Latitude: city.Latitude, Longitude: city.Longitude, TimeZone: city.TimeZone})
		known, found = append(known, i), append(found, city)
	}
	for n, result := range s.Reports.Reports(ctx, places, weather.Need{Current: true}) {
		i := known[n]
		switch {
		case result.Err != nil && result.Report == nil:
			errs[i] = result.Err
		case result.Report.Current == nil:
			errs[i] = fault.New(fault.UpstreamInvalid, "the weather provider has no current conditions")
		default:
			texts[i], errs[i] = write(found[n], result)
		}
	}
	return texts, errs
}

func write(city *gazetteer.City, r weather.Result) (json.RawMessage, error) {
	c := r.Report.Current
	members := map[string]any{
		"city":                city.Name,
		"time":                c.Time.Format(time.RFC3339Nano),
		"temperature":         measure(c.Temperature),
		"apparentTemperature": measure(c.ApparentTemperature),
		"humidity":            measure(c.Humidity),
		"precipitation":       measure(c.Precipitation),
		"cloudCover":          measure(c.CloudCover),
		"pressure":            measure(c.Pressure),
		"windSpeed":           measure(c.WindSpeed),
		"windDirection":       measure(c.WindDirection),
		"windGusts":           measure(c.WindGusts),
		"weatherCode":         known(c.WeatherCode()),
		"condition":           known(c.Condition()),
		"description":         known(c.Description()),
		"isDay":               known(c.IsDay()),
		"freshness": map[string]any{
			"state": states[r.State], "provider": r.Report.Source.Provider, "attribution": r.Report.Source.Attribution,
			"simulated": r.Report.Source.Simulated,
			"fetchedAt": r.Report.FetchedAt.UTC().Format(time.RFC3339Nano), "expiresAt": r.Report.ExpiresAt.UTC().Format(time.RFC3339Nano),
		},
	}
	text, err := strictjson.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("write conditions: %w", err)
	}
	return text, nil
}

var states = map[weather.State]string{weather.Live: "LIVE", weather.Cached: "CACHED", weather.Stale: "STALE"}

// measure returns a measure to two decimals, nil where it is not known.
func measure(m weather.Measure) any {
	if !m.Known() || math.IsInf(float64(m), 0) {
		return nil
	}
	return math.Round(float64(m)*100)/100 + 0 // which makes -0 a 0
}

func known[T any](value T, ok bool) any {
	if !ok {
		return nil
	}
	return value
}
