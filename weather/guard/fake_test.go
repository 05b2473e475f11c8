package guard_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/guard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	places = []weather.Place{{TimeZone: "GMT"}, {Latitude: 1, TimeZone: "GMT"}}
	need   = weather.Need{Current: true}
)

// A fake is a provider whose calls do what they are told, each by its number
// from 0.
type fake struct {
	calls int
	do    func(ctx context.Context, call int) ([]weather.Result, error)

	mu       sync.Mutex
	made     int // guarded by mu
	underway int // guarded by mu
	most     int // guarded by mu; at once
}

func (f *fake) Source() weather.Source { return weather.Source{Provider: "fake"} }
func (f *fake) Limits() weather.Limits { return weather.Limits{Batch: 10, Calls: f.calls} }
func (f *fake) Has() weather.Need      { return weather.Need{Current: true, Days: 9} }

func (f *fake) Fetch(ctx context.Context, places []weather.Place, _ weather.Need) ([]weather.Result, error) {
	f.mu.Lock()
	call := f.made
	f.made++
	f.underway++
	f.most = max(f.most, f.underway)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.underway--
	}()
	if f.do != nil {
		return f.do(ctx, call)
	}
	return reports(len(places)), nil
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made
}

func reports(n int) []weather.Result {
	results := make([]weather.Result, n)
	for i := range results {
		results[i].Report = &weather.Report{}
	}
	return results
}

// after answers once some time has passed, unless the caller gives up before.
func after(d time.Duration) func(context.Context, int) ([]weather.Result, error) {
	return func(ctx context.Context, _ int) ([]weather.Result, error) {
		select {
		case <-time.After(d):
			return reports(len(places)), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// always fails with an error.
func always(err error) func(context.Context, int) ([]weather.Result, error) {
	return func(context.Context, int) ([]weather.Result, error) { return nil, err }
}

var (
	away    = fault.New(fault.UpstreamUnavailable, "away")
	invalid = fault.New(fault.UpstreamInvalid, "nonsense")
)

// guarded returns a guard around a fake, whose clock is the test's bubble's.
func guarded(t *testing.T, f *fake, change ...func(*guard.Config)) *guard.Guard {
	t.Helper()
	if f.calls == 0 {
		f.calls = 1000
	}
	config := guard.Config{Now: time.Now, Random: func() float64 { return 0.5 }, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&config)
	}
	g := guard.New(f, config)
	t.Cleanup(g.Close)
	return g
}

func hedging(c *guard.Config) { c.Hedge = true }

// fetch makes a call that must fail with a kind, or succeed if that is zero, and
// returns how long it took.
func fetch(t *testing.T, g *guard.Guard, kind fault.Kind) (time.Duration, *fault.Error) {
	t.Helper()
	began := time.Now()
	results, err := g.Fetch(t.Context(), places, need)
	took := time.Since(began)
	switch {
	case kind == fault.Internal && (err != nil || len(results) != len(places)):
		t.Fatalf("got %v, %v", results, err)
	case kind == fault.Internal:
		return took, nil
	case err == nil || fault.KindOf(err) != kind || results != nil:
		t.Fatalf("got %v, %v, want %s", results, err, kind.Code())
	}
	return took, fault.Of(err)
}

const ok = fault.Internal // of a fetch that succeeds
