package resolvers

import (
	"context"
	"strconv"

	"barograph/gazetteer"
	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/loaders"
	"barograph/pipeline"
	"barograph/weather"
)

func (r mutationResolver) RefreshWeather(ctx context.Context, input wire.RefreshWeatherInput) (*wire.RefreshWeatherResult, error) {
	if err := withinListLimit("cities", len(input.Cities)); err != nil {
		return nil, err
	}
	var (
		cities  []*gazetteer.City
		places  []weather.Place
		indices []int // of the known cities in the input
	)
	answer := &wire.RefreshWeatherResult{Weather: make([]*wire.Weather, len(input.Cities)), Problems: []wire.Problem{}}
	for i, name := range input.Cities {
		city, err := r.city(name)
		if err != nil {
			addErrorAt(ctx, err, "weather", i)
			continue
		}
		cities, places, indices = append(cities, city), append(places, place(city)), append(indices, i)
	}
	for k, result := range loaders.From(ctx).RefreshWeather(ctx, places) {
		i := indices[k]
		if result.Report == nil {
			addErrorAt(ctx, result.Err, "weather", i)
			continue
		}
		for _, err := range []error{result.Err, result.AirErr} {
			if err != nil {
				answer.Problems = append(answer.Problems, notRefreshed(err, i))
				break
			}
		}
		answer.Weather[i] = &wire.Weather{City: cities[k], Units: wire.Metric, Result: result}
	}
	return answer, nil
}

// notRefreshed says why the report of a city is not a new one.
func notRefreshed(err error, i int) wire.Problem {
	known := fault.Of(err)
	refusal := pipeline.Refuse(wire.WeatherNotRefreshed, "the report is the newest there is: %s", known.Message).At("cities", strconv.Itoa(i))
	refusal.RetryAfter = known.RetryAfter
	return wire.Problem{Refusal: refusal}
}
