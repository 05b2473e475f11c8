package shared_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/redislink/redistest"
	"barograph/weather"
)

// A provider counts its calls.
type provider struct {
	t     *testing.T
	calls atomic.Int64
}

func (*provider) Source() weather.Source { return weather.Source{Provider: "fake"} }
func (*provider) Limits() weather.Limits { return weather.Limits{Batch: 100, Calls: 2} }
func (*provider) Has() weather.Need {
	return weather.Need{Current: true, Hours: 2, Days: 1, AirQuality: true}
}

func (p *provider) Fetch(_ context.Context, places []weather.Place, _ weather.Need) ([]weather.Result, error) {
	p.calls.Add(1)
	results := make([]weather.Result, len(places))
	for i, place := range places {
		results[i].Report = report(p.t, place)
	}
	return results, nil
}

// node returns a service that shares a Redis, as gateways do.
func node(t *testing.T, s *redistest.Server, from *provider) (*weather.Service, *log) {
	t.Helper()
	cache, l := open(t, s.URL(), "")
	service := weather.NewService(time.Now, slog.New(slog.DiscardHandler), from)
	t.Cleanup(service.Close)
	service.Share(cache)
	return service, l
}

func expect(t *testing.T, s *weather.Service, state weather.State) {
	t.Helper()
	for _, r := range s.Reports(t.Context(), []weather.Place{oslo, quito}, everything) {
		if r.Err != nil || r.State != state || r.AirState != state || r.Report.AirQuality == nil {
			t.Errorf("result = %+v, want state %d", r, state)
		}
	}
}

func TestNodesFetchOnceForAllOfThem(t *testing.T) {
	t.Parallel()
	s, from := redistest.New(t), &provider{t: t}
	s.Up(t)
	first, _ := node(t, s, from)
	expect(t, first, weather.Live)
	client := s.Client(t)
	redistest.Until(t, "the reports are kept", func() bool { return len(client.Keys(t.Context(), "*:fake:*").Val()) == 4 })
	for range 3 {
		another, _ := node(t, s, from)
		expect(t, another, weather.Cached)
	}
	if n := from.calls.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestAFrozenRedisTakesNoAnswer(t *testing.T) {
	t.Parallel()
	s, from := redistest.New(t), &provider{t: t}
	s.Up(t)
	service, l := node(t, s, from)
	s.Freeze(t)
	start := time.Now()
	expect(t, service, weather.Live)
	if took := time.Since(start); took > time.Second { // 40 ms, on a machine that has time
		t.Errorf("it took %v", took)
	} else {
		t.Logf("it took %v", took)
	}
	if l.count("gone") != 1 {
		t.Error("the log does not say that Redis is gone")
	}
}
