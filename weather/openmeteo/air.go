package openmeteo

import (
	"errors"
	"time"

	"barograph/weather"
	"barograph/weather/zone"
)

// airReport turns the answer for a place into a report of its air alone, or says
// why it cannot be one.
func (c *Client) airReport(a *answer, place weather.Place, fetched time.Time) (*weather.Report, error) {
	f := &a.forecast
	if a.err != nil {
		return nil, a.err
	}
	if err := f.checkPlace(place); err != nil {
		return nil, err
	}
	if err := f.checkCurrent(); err != nil {
		return nil, err
	}
	clock, err := zone.Load(place.TimeZone)
	if err != nil {
		return nil, err
	}
	now := f.Current
	for _, v := range []value{now.EuropeanAQI, now.USAQI, now.PM25, now.PM10, now.Ozone, now.NitrogenDioxide} {
		if v.given && v.number < 0 {
			return nil, errors.New("air with less than nothing in it")
		}
	}
	observed := instant(now.Time, clock)
	expires := expiry(observed, time.Duration(now.Interval)*time.Second, fetched)
	return &weather.Report{
		Place: place, Source: c.source, FetchedAt: fetched, ExpiresAt: expires,
		AirQuality: &weather.AirQuality{
			Time:            observed,
			EuropeanAQI:     now.EuropeanAQI.pointer(),
			USAQI:           now.USAQI.pointer(),
			PM25:            now.PM25.pointer(),
			PM10:            now.PM10.pointer(),
			Ozone:           now.Ozone.pointer(),
			NitrogenDioxide: now.NitrogenDioxide.pointer(),
			Source:          c.source,
			FetchedAt:       fetched,
			ExpiresAt:       expires,
		},
	}, nil
}

func (v value) pointer() *float64 {
	if !v.given {
		return nil
	}
	return &v.number
}
