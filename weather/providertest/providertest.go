// Package providertest holds what every weather provider promises, as tests that
// run unchanged against each of them, and against the real services where
// somebody asks for that.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

// Places are those that are asked for: far apart, on both sides of the equator
// and of the date line, in zones with whole hours and without.
var Places = []weather.Place{
	{Latitude: 59.91273, Longitude: 10.74609, TimeZone: "Europe/Oslo"},
	{Latitude: -12.04318, Longitude: -77.02824, TimeZone: "America/Lima"},
	{Latitude: 27.70169, Longitude: 85.3206, TimeZone: "Asia/Kathmandu"},
	{Latitude: -36.84853, Longitude: 174.76349, TimeZone: "Pacific/Auckland"},
	{Latitude: 21.30694, Longitude: -157.85833, TimeZone: "Pacific/Honolulu"},
}

// Run runs the tests against providers that connect makes. now is the time that
// they go by.
func Run(t *testing.T, now func() time.Time, connect func(testing.TB) weather.Provider) {
	t.Helper()
	for name, promise := range map[string]func(*testing.T, func() time.Time, weather.Provider){
		"says who it is and what it takes":        saysWhoItIs,
		"has each part alone and all together":    hasEachPart,
		"answers a batch in order":                answersInOrder,
		"answers many at once":                    answersManyAtOnce,
		"rejects what is not on Earth, and alone": rejectsWhatIsNotThere,
		"stops when nobody waits":                 stopsWhenNobodyWaits,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promise(t, now, connect(t))
		})
	}
}

func saysWhoItIs(t *testing.T, _ func() time.Time, p weather.Provider) {
	if s := p.Source(); s.Provider == "" || s.Attribution == "" {
		t.Errorf("its source is %+v", s)
	}
	if l := p.Limits(); l.Batch < 1 || l.Calls < 1 {
		t.Errorf("its limits are %+v", l)
	}
	if has := p.Has(); has.Hours < 0 || has.Hours > weather.MaxHours || has.Days < 0 || has.Days > weather.MaxDays || has == (weather.Need{}) {
		t.Errorf("it has %+v", has)
	}
}

func hasEachPart(t *testing.T, now func() time.Time, p weather.Provider) {
	has := p.Has()
	for _, need := range []weather.Need{
		has, {Current: has.Current}, {Hours: has.Hours}, {Days: has.Days}, {AirQuality: has.AirQuality}, {Current: has.Current, AirQuality: has.AirQuality},
		{Hours: min(has.Hours, 1)}, {Current: has.Current, Days: min(has.Days, 3)}, {Hours: min(has.Hours, 24), AirQuality: has.AirQuality},
	} {
		if need == (weather.Need{}) {
			continue
		}
		check(t, now, p, fetch(t, p, need, Places[0]), need, Places[0])
	}
}

func answersInOrder(t *testing.T, now func() time.Time, p weather.Provider) {
	for start := 0; start < len(Places); start += p.Limits().Batch {
		batch := Places[start:min(start+p.Limits().Batch, len(Places))]
		need := p.Has()
		check(t, now, p, fetch(t, p, need, batch...), need, batch...)
	}
}

func answersManyAtOnce(t *testing.T, now func() time.Time, p weather.Provider) {
	need := p.Has()
	var callers sync.WaitGroup
	for i := range min(p.Limits().Calls, 4) {
		callers.Go(func() {
			place := Places[i%len(Places)]
			results, err := p.Fetch(t.Context(), []weather.Place{place}, need)
			if err != nil || len(results) != 1 {
				t.Errorf("%v: %v, %v", place, results, err)
				return
			}
			check(t, now, p, results, need, place)
		})
	}
	callers.Wait()
}

func rejectsWhatIsNotThere(t *testing.T, now func() time.Time, p weather.Provider) {
	need := weather.Need{Current: p.Has().Current, Days: p.Has().Days}
	nowhere := weather.Place{Latitude: 91, Longitude: 181, TimeZone: "GMT"}
	results, err := p.Fetch(t.Context(), []weather.Place{nowhere}, need)
	if err == nil && len(results) == 1 {
		err = results[0].Err
	}
	rejected := errors.Is(err, weather.ErrRejected) && fault.KindOf(err) == fault.UpstreamInvalid
	if !rejected && fault.KindOf(err) != fault.NotFound {
		t.Errorf("for what is not there: %v, %v", results, err)
	}
	check(t, now, p, fetch(t, p, need, Places[1]), need, Places[1]) // as if nothing had been
}

func stopsWhenNobodyWaits(t *testing.T, _ func() time.Time, p weather.Provider) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if results, err := p.Fetch(ctx, Places[:1], p.Has()); !errors.Is(err, context.Canceled) || results != nil {
		t.Errorf("got %v, %v", results, err)
	}
	if !p.Has().Current {
		return
	}
	late, end := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer end()
	if results, err := p.Fetch(late, Places[:1], p.Has()); fault.KindOf(err) != fault.UpstreamTimeout || results != nil {
		t.Errorf("too late: %v, %v", results, err)
	}
}

func fetch(t *testing.T, p weather.Provider, need weather.Need, places ...weather.Place) []weather.Result {
	t.Helper()
	results, err := p.Fetch(t.Context(), places, need)
	if err != nil || len(results) != len(places) {
		t.Fatalf("%d results for %d places: %v", len(results), len(places), err)
	}
	return results
}

// check reports whatever is wrong with the results for places.
func check(t *testing.T, now func() time.Time, p weather.Provider, results []weather.Result, need weather.Need, places ...weather.Place) {
	t.Helper()
	for i, place := range places {
		r := results[i]
		if r.Err != nil || r.AirErr != nil || r.Report == nil {
			t.Errorf("%v: %v, %v", place, r.Err, r.AirErr)
			continue
		}
		for _, problem := range problems(r.Report, place, p.Source(), need, now()) {
			t.Errorf("%v with %+v: %s", place, need, problem)
		}
	}
}

// problems returns what is wrong with a report.
func problems(r *weather.Report, place weather.Place, source weather.Source, need weather.Need, now time.Time) (list []string) {
	wrong := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	zone, err := time.LoadLocation(place.TimeZone)
	if err != nil {
		return []string{err.Error()}
	}
	if r.Place != place || r.Source != source {
		wrong("it is of %v by %+v", r.Place, r.Source)
	}
	if life := r.ExpiresAt.Sub(now); r.FetchedAt.After(now.Add(time.Minute)) || life <= 0 || life > 24*time.Hour {
		wrong("it was fetched at %v, and expires in %v", r.FetchedAt, life)
	}
	if (r.Current != nil) != need.Current || len(r.Hourly) != need.Hours || len(r.Daily) != need.Days || (r.AirQuality != nil) != need.AirQuality {
		wrong("it has current: %t, %d hours, %d days, air: %t", r.Current != nil, len(r.Hourly), len(r.Daily), r.AirQuality != nil)
		return list
	}
	if c := r.Current; c != nil {
		if age := now.Sub(c.Time); age < -time.Hour || age > 2*time.Hour || c.Time.Location().String() != zone.String() {
			wrong("current conditions are of %v", c.Time)
		}
		list = append(list, conditions(c)...)
	}
	for i, h := range r.Hourly {
		// A zone may be a quarter, half or three quarters of an hour off; its hours
		// are those of UTC or its own.
		if since := now.Sub(h.Time) + time.Duration(i)*time.Hour; since < 0 && i == 0 && since < -time.Minute || since >= 2*time.Hour {
			wrong("hour %d is %v", i, h.Time)
		}
		if i > 0 && h.Time.Sub(r.Hourly[i-1].Time) != time.Hour {
			wrong("hour %d is %v after the one before", i, h.Time.Sub(r.Hourly[i-1].Time))
		}
		list = append(list, conditions(&h.Conditions)...)
		between(&list, "probability", h.PrecipitationProbability, 0, 100)
	}
	today := now.In(zone)
	for i, d := range r.Daily {
		if want := today.AddDate(0, 0, i); d.Date.Format(time.DateOnly) != want.Format(time.DateOnly) || d.Date.Location().String() != zone.String() {
			wrong("day %d is %v, want %s", i, d.Date, want.Format(time.DateOnly))
		}
		between(&list, "lowest", d.TemperatureMin, -100, 70)
		between(&list, "highest", d.TemperatureMax, d.TemperatureMin, 70)
		between(&list, "rain", d.PrecipitationSum, 0, 2000)
		between(&list, "probability", d.PrecipitationProbabilityMax, 0, 100)
		between(&list, "wind", d.WindSpeedMax, 0, 500)
		if d.Sunrise.IsZero() != d.Sunset.IsZero() || d.Sunset.Before(d.Sunrise) {
			wrong("the sun is up from %v to %v", d.Sunrise, d.Sunset)
		}
		if !d.TemperatureMin.Known() || !d.TemperatureMax.Known() {
			wrong("day %d has no temperatures", i)
		}
	}
	if a := r.AirQuality; a != nil {
		if a.Time.After(now.Add(time.Hour)) || a.Source != source || !a.ExpiresAt.After(now) {
			wrong("the air is of %v by %+v until %v", a.Time, a.Source, a.ExpiresAt)
		}
		for name, v := range map[string]*float64{"EAQI": a.EuropeanAQI, "USAQI": a.USAQI, "PM2.5": a.PM25, "PM10": a.PM10, "O3": a.Ozone, "NO2": a.NitrogenDioxide} {
			if v != nil && (*v < 0 || *v > 10_000) {
				wrong("%s is %v", name, *v)
			}
		}
	}
	return list
}

// conditions returns what no weather is.
func conditions(c *weather.Conditions) (list []string) {
	if !c.Temperature.Known() {
		list = append(list, "no temperature")
	}
	between(&list, "temperature", c.Temperature, -100, 70)
	between(&list, "apparent temperature", c.ApparentTemperature, -120, 90)
	between(&list, "humidity", c.Humidity, 0, 100)
	between(&list, "precipitation", c.Precipitation, 0, 500)
	between(&list, "cloud cover", c.CloudCover, 0, 100)
	between(&list, "pressure", c.Pressure, 850, 1100)
	between(&list, "wind", c.WindSpeed, 0, 500)
	between(&list, "direction", c.WindDirection, 0, 360)
	between(&list, "gusts", c.WindGusts, 0, 700)
	if c.Code != weather.NoCode {
		if _, known := c.Code.Condition(); !known {
			list = append(list, fmt.Sprintf("code %d", c.Code))
		}
	}
	return list
}

// between adds a problem to a list where a value that is known is out of bounds.
func between(list *[]string, name string, v, least, most weather.Measure) {
	if v.Known() && (v < least || v > most) {
		*list = append(*list, fmt.Sprintf("%s is %v", name, v))
	}
}
