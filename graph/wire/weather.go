package wire

import (
	"strconv"
	"strings"
	"time"

	"barograph/gazetteer"
	"barograph/internal/fault"
	"barograph/weather"
)

// Weather is a report as a client asked for it.
type Weather struct {
	City  *gazetteer.City // nil for bare coordinates
	Units Units
	weather.Result
}

const weatherID = "Weather:"

// ID returns the global id: the place, by city or coordinates, and the units.
func (w *Weather) ID() string {
	if w.City != nil {
		return weatherID + w.City.Key() + ":" + string(w.Units)
	}
	return weatherID + degrees(w.Latitude()) + "," + degrees(w.Longitude()) + ":" + string(w.Units)
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// ParseWeatherID returns what a report's id names: the key of a city, or
// coordinates when that is empty.
func ParseWeatherID(id string) (city string, latitude, longitude float64, units Units, ok bool) {
	rest, is := strings.CutPrefix(id, weatherID)
	place, unit, cut := cutLast(rest, ":")
	if !is || !cut || units.UnmarshalGQL(unit) != nil {
		return "", 0, 0, "", false
	}
	if _, ok := gazetteer.ParseKey(place); ok {
		return place, 0, 0, units, true
	}
	north, east, _ := strings.Cut(place, ",")
	latitude, err := strconv.ParseFloat(north, 64)
	if err != nil {
		return "", 0, 0, "", false
	}
	longitude, err = strconv.ParseFloat(east, 64)
	return "", latitude, longitude, units, err == nil && place == degrees(latitude)+","+degrees(longitude)
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// Latitude returns the place's latitude as it was asked.
func (w *Weather) Latitude() float64 { return w.Report.Place.Latitude }

// Longitude returns the place's longitude as it was asked.
func (w *Weather) Longitude() float64 { return w.Report.Place.Longitude }

// TimeZone returns the time zone of the report's times and days.
func (w *Weather) TimeZone() string { return w.Report.Place.TimeZone }

// Freshness returns how far the report can be relied on.
func (w *Weather) Freshness() *Freshness {
	return &Freshness{w.State, w.Report.Source, w.Report.FetchedAt.UTC(), w.Report.ExpiresAt.UTC()}
}

// AirQuality returns how clean the air is, nil where that is not known. Its
// values are the same in all units.
func (w *Weather) AirQuality() (*AirQuality, error) {
	switch {
	case w.Report.AirQuality != nil:
		return &AirQuality{w.Report.AirQuality, w.AirState}, nil
	case w.AirErr != nil:
		return nil, w.AirErr
	}
	return nil, nil //nolint:nilnil // no provider has it
}

// AirQuality is how clean the air is.
type AirQuality struct {
	*weather.AirQuality
	State weather.State
}

// Freshness returns how far the values can be relied on.
func (a *AirQuality) Freshness() *Freshness {
	return &Freshness{a.State, a.Source, a.FetchedAt.UTC(), a.ExpiresAt.UTC()}
}

// Freshness says how far a report can be relied on.
type Freshness struct {
	State weather.State
	weather.Source
	FetchedAt, ExpiresAt time.Time
}

// Current returns the conditions now, in the report's units.
func (w *Weather) Current() *weather.Conditions {
	current := w.Report.Current
	if current == nil || w.Units == Metric {
		return current
	}
	imperial := current.Imperial()
	return &imperial
}

// Hourly returns the coming hours, in the report's units.
func (w *Weather) Hourly(hours int) ([]weather.Hour, error) {
	if err := Within("hours", hours, weather.MaxHours); err != nil {
		return nil, err
	}
	return convert(w, w.Report.Hourly, hours, weather.Hour.Imperial), nil
}

// Daily returns the coming days, in the report's units.
func (w *Weather) Daily(days int) ([]weather.Day, error) {
	if err := Within("days", days, weather.MaxDays); err != nil {
		return nil, err
	}
	return convert(w, w.Report.Daily, days, weather.Day.Imperial), nil
}

// Within returns why an argument is not from 1 to a limit, or nil.
func Within(argument string, n, limit int) error {
	if n < 1 || n > limit {
		return fault.New(fault.BadInput, "%s must be from 1 to %d", argument, limit)
	}
	return nil
}

// convert returns the first n of the forecasts, or as many as there are,
// converted unless metric.
func convert[F any](w *Weather, forecasts []F, n int, imperial func(F) F) []F {
	forecasts = forecasts[:min(n, len(forecasts))]
	if w.Units == Metric || forecasts == nil {
		return forecasts
	}
	converted := make([]F, len(forecasts))
	for i, f := range forecasts {
		converted[i] = imperial(f)
	}
	return converted
}
