package weather_test

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"barograph/weather"
)

// A fake is a provider that notes what it is asked. It has a report for every
// place unless it is told to answer otherwise.
type fake struct {
	name  string
	limit int
	air   bool // whether it knows the air
	days  int  // how far it looks ahead; zero for as far as there is
	now   func() time.Time

	mu    sync.Mutex
	does  fetch   // guarded by mu; nil while it has every report
	calls []asked // guarded by mu
}

type fetch func(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error)

// will makes it answer otherwise from now on, or as ever with nil.
func (f *fake) will(answer fetch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.does = answer
}

func (f *fake) answer() fetch {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.does
}

type asked struct {
	places []weather.Place
	need   weather.Need
}

func (f *fake) Source() weather.Source { return weather.Source{Provider: cmp.Or(f.name, "fake")} }
func (f *fake) Limits() weather.Limits { return weather.Limits{Batch: f.limit, Calls: lanes} }
func (f *fake) Has() weather.Need {
	return weather.Need{Current: true, Hours: weather.MaxHours, Days: cmp.Or(f.days, weather.MaxDays), AirQuality: f.air}
}

func (f *fake) Fetch(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	f.mu.Lock()
	f.calls = append(f.calls, asked{slices.Clone(places), need})
	f.mu.Unlock()
	if answer := f.answer(); answer != nil {
		return answer(ctx, places, need)
	}
	return f.reports(places, need), nil
}

const (
	life         = 15 * time.Minute // of a fake's reports: how long they are fresh
	revalidating = 5 * time.Minute  // for how long after it one is answered while a newer one is fetched
)

func (f *fake) reports(places []weather.Place, need weather.Need) []weather.Result {
	results := make([]weather.Result, len(places))
	for i, p := range places {
		now := f.now()
		results[i].Report = &weather.Report{
			Place: p, Source: f.Source(), FetchedAt: now, ExpiresAt: now.Add(life),
			Current: &weather.Conditions{Time: now, Temperature: weather.Measure(p.Latitude)},
			Hourly:  make([]weather.Hour, need.Hours), Daily: make([]weather.Day, need.Days),
		}
		if need.AirQuality {
			results[i].Report.AirQuality = &weather.AirQuality{Time: now, Source: f.Source(), FetchedAt: now, ExpiresAt: now.Add(life)}
		}
	}
	return results
}

// since returns the calls after the first n.
func (f *fake) since(n int) []asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls[n:])
}

// A clock stands still unless it is moved.
type clock struct {
	mu   sync.Mutex
	time time.Time // guarded by mu
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

// serve returns a service over a fake, and the clock of both.
func serve(t testing.TB, limit int) (*weather.Service, *fake, *clock) {
	c := &clock{time: time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC)}
	f := &fake{limit: limit, now: c.now}
	return open(t, c.now, f), f, c
}

var discard = slog.New(slog.DiscardHandler)

// open returns a service that is closed when the test is over.
func open(t testing.TB, now func() time.Time, providers ...weather.Provider) *weather.Service {
	t.Helper()
	s := weather.NewService(now, discard, providers...)
	t.Cleanup(s.Close)
	return s
}

// place returns one of any number of places.
func place(i int) weather.Place {
	return weather.Place{Latitude: float64(i%180) - 90, Longitude: float64(i / 180), TimeZone: "GMT"}
}

func places(n int) []weather.Place {
	list := make([]weather.Place, n)
	for i := range list {
		list[i] = place(i)
	}
	return list
}

// expect fails unless a result is the report of a place in a state.
func expect(t testing.TB, r weather.Result, p weather.Place, state weather.State) {
	t.Helper()
	switch {
	case r.Err != nil:
		t.Errorf("%v: %v", p, r.Err)
	case r.Report == nil || r.Report.Place != p:
		t.Errorf("the report of %v is %+v", p, r.Report)
	case r.State != state:
		t.Errorf("%v: state %d, want %d", p, r.State, state)
	}
}
