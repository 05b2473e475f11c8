package metno

import (
	"fmt"
	"time"

	"barograph/weather"
	"barograph/weather/zone"
)

// days returns the days of a place's clock, from today. The service gives
// moments in UTC and what comes in the one or six hours from each: a day is what
// falls into it, and today what is left of it.
func days(steps []step, n int, now time.Time, clock *time.Location) ([]weather.Day, error) {
	list := make([]weather.Day, n)
	today := now.In(clock)
	spans := spansOf(steps)
	for i := range list {
		from, to := dayAfter(today, i, clock), dayAfter(today, i+1, clock)
		list[i] = weather.Day{
			Date: from, TemperatureMin: weather.Missing, TemperatureMax: weather.Missing, PrecipitationSum: weather.Missing,
			PrecipitationProbabilityMax: weather.Missing, WindSpeedMax: weather.Missing, Code: weather.NoCode,
		}
		covered := false
		for k := range spans {
			if s := &spans[k]; s.from.Before(to) && s.to.After(from) {
				s.addTo(&list[i], from, to)
				covered = true
			}
		}
		if !covered {
			return nil, fmt.Errorf("%d days instead of %d", i, n)
		}
	}
	return list, nil
}

// dayAfter returns the first moment of the n-th day after today.
func dayAfter(today time.Time, n int, clock *time.Location) time.Time {
	year, month, day := today.Date()
	year, month, day = time.Date(year, month, day+n, 0, 0, 0, 0, time.UTC).Date()
	return zone.Day(year, month, day, clock)
}

// A span is a step and the hours that it speaks for, up to the next one's.
type span struct {
	step     *step
	period   *period // nil where the step says nothing of what comes
	from, to time.Time
}

// spansOf returns the spans of steps, none of which overlaps another.
func spansOf(steps []step) []span {
	var list []span
	var end time.Time
	for i := range steps {
		s := &steps[i]
		if s.Time.Before(end) {
			continue // an hour in the six that the one before speaks for
		}
		one := span{step: s, from: s.Time, to: s.Time.Add(time.Hour)}
		switch {
		case s.Data.Next1 != nil:
			one.period = s.Data.Next1
		case s.Data.Next6 != nil:
			one.period, one.to = s.Data.Next6, s.Time.Add(6*time.Hour)
		}
		end = one.to
		list = append(list, one)
	}
	return list
}

// addTo adds what a span says of a day that it is in, or partly in.
func (s *span) addTo(d *weather.Day, from, to time.Time) {
	if within(s.from, from, to) {
		now := &s.step.Data.Instant.Details
		lower(&d.TemperatureMin, now.Temperature.measure())
		raise(&d.TemperatureMax, now.Temperature.measure())
		raise(&d.WindSpeedMax, now.WindSpeed.kilometres())
	}
	if s.period == nil {
		return
	}
	inside := earlier(s.to, to).Sub(later(s.from, from))
	share := weather.Measure(inside) / weather.Measure(s.to.Sub(s.from))
	if rain := s.period.Details.Precipitation.measure(); rain.Known() {
		if !d.PrecipitationSum.Known() {
			d.PrecipitationSum = 0
		}
		d.PrecipitationSum += rain * share
	}
	if share <= 0.5 {
		return // what is likely or extreme in it was rather another day's
	}
	details := &s.period.Details
	lower(&d.TemperatureMin, details.Lowest.measure())
	raise(&d.TemperatureMax, details.Highest.measure())
	raise(&d.PrecipitationProbabilityMax, details.Probability.measure())
	if code, _ := read(s.period.Summary.Symbol); code > d.Code {
		d.Code = code // the table's order is that of severity, but for fog
	}
}

func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func lower(m *weather.Measure, v weather.Measure) {
	if v.Known() && (!m.Known() || v < *m) {
		*m = v
	}
}

func raise(m *weather.Measure, v weather.Measure) {
	if v.Known() && (!m.Known() || v > *m) {
		*m = v
	}
}
