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

func ask(t *testing.T, s *weather.Service) []weather.Result {
	t.Helper()
	return s.Reports(t.Context(), []weather.Place{oslo, quito}, everything)
}

func expect(t *testing.T, results []weather.Result, state weather.State) {
	t.Helper()
	for _, r := range results {
		if r.Err != nil || r.State != state || r.AirState != state || r.Report.AirQuality == nil {
			t.Errorf("result = %+v, want state %d", r, state)
		}
	}
}

func TestNodesFetchOnceForAllOfThem(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	s.Up(t)
	client := s.Client(t)
	for kept := false; !kept; {
		client.FlushDB(t.Context())
		from := &provider{t: t}
		first, l := node(t, s, from)
		expect(t, ask(t, first), weather.Live)
		if n := from.calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		redistest.Until(t, "the reports are kept, or Redis took too long", func() bool {
			kept = len(client.Keys(t.Context(), "*:fake:*").Val()) == 4
			return kept || l.count("gone") > 0
		})
	}
	for range 3 {
		redistest.Until(t, "Redis answers a node in time", func() bool {
			another, l := node(t, s, &provider{t: t})
			results := ask(t, another)
			if l.count("gone") > 0 {
				return false
			}
			expect(t, results, weather.Cached)
			return true
		})
	}
}

func TestAFrozenRedisTakesNoAnswer(t *testing.T) {
	t.Parallel()
	s, from := redistest.New(t), &provider{t: t}
	s.Up(t)
	service, l := node(t, s, from)
	s.Freeze(t)
	start := time.Now()
	expect(t, ask(t, service), weather.Live)
	if took := time.Since(start); took > time.Second { // 40 ms, on a machine that has time
		t.Errorf("it took %v", took)
	} else {
		t.Logf("it took %v", took)
	}
	if l.count("gone") != 1 {
		t.Error("the log does not say that Redis is gone")
	}
}
