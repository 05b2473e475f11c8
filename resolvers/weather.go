package resolvers

import (
	"context"

	"barograph/gazetteer"
	"barograph/graph/caching"
	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/loaders"
	"barograph/weather"
)

func (r queryResolver) Weather(ctx context.Context, city string, units wire.Units) (*wire.Weather, error) {
	found, err := r.city(city)
	if err != nil {
		return nil, err
	}
	return r.weatherOf(ctx, found, units)
}

func (r queryResolver) WeatherAt(ctx context.Context, latitude, longitude float64, units wire.Units) (*wire.Weather, error) {
	at, err := r.placeAt(latitude, longitude)
	if err != nil {
		return nil, err
	}
	return r.report(ctx, nil, at, units)
}

func (r cityResolver) Weather(ctx context.Context, city *gazetteer.City, units wire.Units) (*wire.Weather, error) {
	return r.weatherOf(ctx, city, units)
}

func (r *Root) weatherOf(ctx context.Context, city *gazetteer.City, units wire.Units) (*wire.Weather, error) {
	return r.report(ctx, city, place(city), units)
}

// report returns the report for a place, and lets the answer be kept no longer
// than that is fresh.
func (r *Root) report(ctx context.Context, city *gazetteer.City, at weather.Place, units wire.Units) (*wire.Weather, error) {
	result, err := loaders.From(ctx).Weather.Load(ctx, at)
	switch {
	case err != nil:
		return nil, err
	case result.Err != nil:
		return nil, result.Err
	}
	caching.Limit(ctx, result.Expiry().Sub(r.Now()))
	return &wire.Weather{City: city, Units: units, Result: result}, nil
}

func place(c *gazetteer.City) weather.Place {
	return weather.Place{Latitude: c.Latitude, Longitude: c.Longitude, TimeZone: c.TimeZone}
}

// placeAt returns the place at coordinates, in the time zone of the nearest city.
func (r *Root) placeAt(latitude, longitude float64) (weather.Place, error) {
	switch {
	case !(latitude >= -90 && latitude <= 90):
		return weather.Place{}, fault.New(fault.BadInput, "latitude must be from -90 to 90")
	case !(longitude >= -180 && longitude <= 180):
		return weather.Place{}, fault.New(fault.BadInput, "longitude must be from -180 to 180")
	}
	zone := r.Gazetteer.Nearest(latitude, longitude).TimeZone
	return weather.Place{Latitude: latitude, Longitude: longitude, TimeZone: zone}, nil
}
