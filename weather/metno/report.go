package metno

import (
	"errors"
	"fmt"
	"time"

	"barograph/weather"
	"barograph/weather/zone"
)

// report makes the report of a place at a time out of the forecast, or says why
// it cannot.
func (f *forecast) report(place weather.Place, need weather.Need, now time.Time) (*weather.Report, error) {
	clock, err := zone.Load(place.TimeZone)
	if err != nil {
		return nil, err
	}
	steps := f.from(now)
	r := &weather.Report{Place: place, Source: Source, FetchedAt: f.fetched, ExpiresAt: f.expires}
	if need.Current {
		if len(steps) == 0 || steps[0].Time.Sub(now) > time.Hour {
			return nil, errors.New("no current conditions")
		}
		current := steps[0].conditions(clock)
		r.Current = &current
	}
	if r.Hourly, err = hours(steps, need.Hours, clock); err != nil {
		return nil, err
	}
	if need.Days > 0 {
		r.Daily, err = days(steps, need.Days, now, clock)
	}
	return r, err
}

// from returns the steps from the one that now is in.
func (f *forecast) from(now time.Time) []step {
	steps := f.Properties.Timeseries
	first := 0
	for first+1 < len(steps) && !steps[first+1].Time.After(now) {
		first++
	}
	if now.Sub(steps[first].Time) >= 6*time.Hour {
		return nil // it is no forecast any more
	}
	return steps[first:]
}

func (s *step) conditions(clock *time.Location) weather.Conditions {
	d := &s.Data.Instant.Details
	c := weather.Conditions{
		Time:                s.Time.In(clock),
		Temperature:         d.Temperature.measure(),
		ApparentTemperature: weather.Missing, // the service has none
		Humidity:            d.Humidity.measure(),
		Precipitation:       weather.Missing,
		CloudCover:          d.CloudCover.measure(),
		Pressure:            d.Pressure.measure(),
		WindSpeed:           d.WindSpeed.kilometres(),
		WindDirection:       d.WindDirection.measure(),
		WindGusts:           d.WindGusts.kilometres(),
		Code:                weather.NoCode,
	}
	if next := s.Data.Next1; next != nil {
		c.Precipitation = next.Details.Precipitation.measure()
	}
	for _, p := range []*period{s.Data.Next1, s.Data.Next6, s.Data.Next12} {
		if p != nil && p.Summary.Symbol != "" {
			c.Code, c.Daylight = read(p.Summary.Symbol)
			break
		}
	}
	return c
}

// hours returns the hours from the one that the first step is in.
func hours(steps []step, n int, clock *time.Location) ([]weather.Hour, error) {
	list := make([]weather.Hour, 0, n)
	for i := range steps {
		s := &steps[i]
		if len(list) == n || s.Data.Next1 == nil || len(list) > 0 && s.Time.Sub(list[len(list)-1].Time) != time.Hour {
			break
		}
		list = append(list, weather.Hour{Conditions: s.conditions(clock), PrecipitationProbability: s.Data.Next1.Details.Probability.measure()})
	}
	if len(list) < n {
		return nil, fmt.Errorf("%d hours instead of %d", len(list), n)
	}
	return list, nil
}
