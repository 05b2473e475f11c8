package shared

import (
	"bytes"
	"encoding/gob"
	"time"

	"barograph/weather"
	"barograph/weather/zone"
)

const (
	sizeLimit = 128 << 10   // of a value: twice that of the longest forecast
	skew      = time.Minute // by which clocks of nodes may differ

	longestLife = 24 * time.Hour // of a report, until its expiry
)

// A part is what is kept by itself of a report: its air is of another age.
type part string

const (
	forecast part = "forecast"
	air      part = "air"
)

func partsOf(need weather.Need) []part {
	switch {
	case !need.AirQuality:
		return []part{forecast}
	case need == weather.Need{AirQuality: true}:
		return []part{air}
	}
	return []part{forecast, air}
}

// A value is what Redis keeps under a key, as gob writes it: unlike JSON it has
// what is not known, NaN.
type value struct {
	Need   weather.Need
	Report weather.Report // without the air
	Air    *quality
}

// quality is the air's, in Measures: to gob, a pointer to 0 is nil.
type quality struct {
	Time   time.Time
	Values [6]weather.Measure
}

// fields returns the values of the air, in the order of quality.
func fields(a *weather.AirQuality) [6]**float64 {
	return [6]**float64{&a.EuropeanAQI, &a.USAQI, &a.PM25, &a.PM10, &a.Ozone, &a.NitrogenDioxide}
}

// encode returns a part of a report as it is kept, nothing if it is not, and
// when it expires.
func encode(w write, p part) ([]byte, time.Time) {
	v := value{Need: w.need, Report: *w.report}
	if p == forecast {
		v.Need.AirQuality, v.Report.AirQuality = false, nil
	} else {
		a := w.report.AirQuality
		if a == nil {
			return nil, time.Time{}
		}
		v.Need = weather.Need{AirQuality: true}
		v.Report = weather.Report{Place: w.report.Place, Source: a.Source, FetchedAt: a.FetchedAt, ExpiresAt: a.ExpiresAt}
		v.Air = &quality{Time: a.Time}
		for i, field := range fields(a) {
			v.Air.Values[i] = weather.Missing
			if *field != nil {
				v.Air.Values[i] = weather.Measure(**field)
			}
		}
	}
	var buffer bytes.Buffer
	if err := gob.NewEncoder(&buffer).Encode(v); err != nil || buffer.Len() > sizeLimit {
		return nil, time.Time{}
	}
	return buffer.Bytes(), v.Report.ExpiresAt
}

// read returns the report that is kept in parts, or nil where there is none
// that covers the need. What cannot be read is not there.
func (c *Cache) read(parts []any, provider string, place weather.Place, need weather.Need) *weather.Report {
	at, err := zone.Load(place.TimeZone)
	if err != nil {
		return nil
	}
	var whole *weather.Report
	var has weather.Need
	for _, kept := range parts {
		text, ok := kept.(string)
		var v value
		if !ok || len(text) > sizeLimit || gob.NewDecoder(bytes.NewReader([]byte(text))).Decode(&v) != nil || !c.credible(v, provider, place) {
			return nil
		}
		v.Report.AirQuality = v.Air.of(v.Report)
		has = has.And(v.Need)
		if whole == nil {
			whole = &v.Report
		} else {
			whole.AirQuality = v.Report.AirQuality
		}
	}
	if !has.Covers(need) {
		return nil
	}
	locate(whole, at)
	return whole
}

// credible reports whether a value can be what was kept: who else writes to
// Redis must not make a report fresh for ever, or that of another place.
func (c *Cache) credible(v value, provider string, place weather.Place) bool {
	r := v.Report
	return v.Need.AirQuality == (v.Air != nil) && (r.Current != nil || !v.Need.Current) &&
		r.Place == place && r.Source.Provider == provider &&
		!r.FetchedAt.After(c.now().Add(skew)) && r.ExpiresAt.Sub(r.FetchedAt) <= longestLife &&
		len(r.Hourly) <= weather.MaxHours && len(r.Daily) <= weather.MaxDays
}

// of returns the air as the report that it was kept in has it.
func (q *quality) of(r weather.Report) *weather.AirQuality {
	if q == nil {
		return nil
	}
	a := &weather.AirQuality{Time: q.Time, Source: r.Source, FetchedAt: r.FetchedAt, ExpiresAt: r.ExpiresAt}
	for i, field := range fields(a) {
		if value := float64(q.Values[i]); q.Values[i].Known() {
			*field = &value
		}
	}
	return a
}

// locate puts the times of a report into the zone of its place, whose name they
// have lost.
func locate(r *weather.Report, at *time.Location) {
	if r.Current != nil {
		r.Current.Time = r.Current.Time.In(at)
	}
	for i := range r.Hourly {
		r.Hourly[i].Time = r.Hourly[i].Time.In(at)
	}
	for i := range r.Daily {
		d := &r.Daily[i]
		for _, of := range []*time.Time{&d.Date, &d.Sunrise, &d.Sunset} {
			if !of.IsZero() {
				*of = of.In(at)
			}
		}
	}
	if r.AirQuality != nil {
		r.AirQuality.Time = r.AirQuality.Time.In(at)
	}
}
