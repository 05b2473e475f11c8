package openmeteo

import (
	"time"

	"barograph/weather"
	"barograph/weather/zone"
)

// report turns the answer for a place into its report, or says why it cannot
// be one.
func (c *Client) report(a *answer, place weather.Place, need weather.Need, fetched time.Time) (*weather.Report, error) {
	f := &a.forecast
	if a.err != nil {
		return nil, a.err
	}
	if err := f.check(place, need, fetched); err != nil {
		return nil, err
	}
	clock, err := zone.Load(place.TimeZone)
	if err != nil {
		return nil, err
	}
	report := &weather.Report{
		Place:     place,
		Source:    c.source,
		FetchedAt: fetched,
		ExpiresAt: fetched.Add(usualLife),
		Hourly:    f.hours(need.Hours, clock, fetched),
		Daily:     f.days(need.Days, clock),
	}
	if need.Current {
		report.Current = f.current(clock)
		report.ExpiresAt = expiry(report.Current.Time, time.Duration(f.Current.Interval)*time.Second, fetched)
	}
	return report, nil
}

func (f *forecast) current(clock *time.Location) *weather.Conditions {
	now := f.Current
	return &weather.Conditions{
		Time:                instant(now.Time, clock),
		Temperature:         now.Temperature.measure(),
		ApparentTemperature: now.ApparentTemperature.measure(),
		Humidity:            now.Humidity.measure(),
		Precipitation:       now.Precipitation.measure(),
		CloudCover:          now.CloudCover.measure(),
		Pressure:            now.Pressure.measure(),
		WindSpeed:           now.WindSpeed.measure(),
		WindDirection:       now.WindDirection.measure(),
		WindGusts:           now.WindGusts.measure(),
		Code:                now.Code.code(),
		Daylight:            now.Day.daylight(),
	}
}

func (f *forecast) hours(n int, clock *time.Location, now time.Time) []weather.Hour {
	hours := make([]weather.Hour, n)
	h := &f.Hourly
	first := f.firstHour(now)
	for k := range hours {
		i := first + k
		hours[k] = weather.Hour{
			Conditions: weather.Conditions{
				Time:                instant(h.Time[i], clock),
				Temperature:         at(h.Temperature, i).measure(),
				ApparentTemperature: at(h.ApparentTemperature, i).measure(),
				Humidity:            at(h.Humidity, i).measure(),
				Precipitation:       at(h.Precipitation, i).measure(),
				CloudCover:          at(h.CloudCover, i).measure(),
				Pressure:            at(h.Pressure, i).measure(),
				WindSpeed:           at(h.WindSpeed, i).measure(),
				WindDirection:       at(h.WindDirection, i).measure(),
				WindGusts:           at(h.WindGusts, i).measure(),
				Code:                at(h.Code, i).code(),
				Daylight:            at(h.Day, i).daylight(),
			},
			PrecipitationProbability: at(h.PrecipitationProbability, i).measure(),
		}
	}
	return hours
}

func (f *forecast) days(n int, clock *time.Location) []weather.Day {
	days := make([]weather.Day, n)
	d := &f.Daily
	for i := range days {
		// A day is the Unix time of its local midnight by the answer's offset.
		y, m, day := time.Unix(d.Time[i]+f.UTCOffset, 0).UTC().Date()
		days[i] = weather.Day{
			Date:                        zone.Day(y, m, day, clock),
			TemperatureMin:              at(d.TemperatureMin, i).measure(),
			TemperatureMax:              at(d.TemperatureMax, i).measure(),
			PrecipitationSum:            at(d.PrecipitationSum, i).measure(),
			PrecipitationProbabilityMax: at(d.PrecipitationProbabilityMax, i).measure(),
			WindSpeedMax:                at(d.WindSpeedMax, i).measure(),
			Code:                        at(d.Code, i).code(),
		}
		// Where the sun does not rise or set, the service gives it no hours or all 24.
		rise, set := at(d.Sunrise, i), at(d.Sunset, i)
		if near(rise, d.Time[i]) && near(set, d.Time[i]) && rise < set && set-rise < dayLength {
			days[i].Sunrise, days[i].Sunset = instant(rise, clock), instant(set, clock)
		}
	}
	return days
}

const (
	shortestLife = 1 * time.Minute
	longestLife  = 1 * time.Hour
	usualLife    = 15 * time.Minute
)

// expiry returns when the service will have newer conditions than those
// observed, within bounds that keep a wrong clock from doing harm.
func expiry(observed time.Time, interval time.Duration, fetched time.Time) time.Time {
	if interval <= 0 {
		interval = usualLife
	}
	life := min(max(observed.Add(interval).Sub(fetched), shortestLife), longestLife)
	return fetched.Add(life)
}
