package guard_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/guard"
)

// open makes calls fail until they are answered without being made.
func open(t *testing.T, g *guard.Guard, f *fake) {
	t.Helper()
	for range 10 {
		_, _ = g.Fetch(t.Context(), places, need)
	}
	before := f.count()
	took, err := fetch(t, g, fault.UpstreamUnavailable)
	if f.count() != before || took != 0 || err.RetryAfter <= 0 || err.RetryAfter > 11*time.Second {
		t.Fatalf("%d more calls in %v; to be tried again after %v", f.count()-before, took, err.RetryAfter)
	}
}

func TestTheBreakerOpensAndClosesByItself(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(context.Context, int) ([]weather.Result, error){
		"errors": always(away), "nonsense": always(invalid), "timeouts": after(time.Hour),
		"places of nonsense": func(context.Context, int) ([]weather.Result, error) {
			return []weather.Result{{Err: invalid}, {Err: invalid}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{do: do}
				g := guarded(t, f)
				open(t, g, f)
				time.Sleep(12 * time.Second)
				before := f.count()
				_, _ = g.Fetch(t.Context(), places, need) // the one that looks whether it is back
				if probes := f.count() - before; probes != 1 {
					t.Errorf("%d calls to see whether it is back", probes)
				}
				f.do = nil
				_, _ = fetch(t, g, fault.UpstreamUnavailable) // not yet again
				time.Sleep(12 * time.Second)
				for range 20 {
					_, _ = fetch(t, g, ok)
				}
			})
		})
	}
}

func TestABurstOfFailuresCostsFewCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: always(away)}
		g := guarded(t, f)
		end := time.Now().Add(30 * time.Second)
		asked := 0
		for ; time.Now().Before(end); asked++ {
			_, _ = g.Fetch(t.Context(), places, need)
			time.Sleep(10 * time.Millisecond)
		}
		if f.count() > 12 {
			t.Errorf("%d calls for %d that asked", f.count(), asked)
		}
		f.do = nil
		time.Sleep(12 * time.Second)
		_, _ = fetch(t, g, ok)
	})
}

func TestWhatIsNotTheProvidersFaultLeavesTheBreakerClosed(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"rejections": fault.Wrap(weather.ErrRejected, fault.UpstreamInvalid, "no"),
		"quotas":     fault.New(fault.UpstreamRateLimited, "no"),
		"bugs":       fmt.Errorf("a bug"),
		"callers":    context.Canceled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{do: always(err)}
			g := guarded(t, f)
			for range 50 {
				_, _ = g.Fetch(t.Context(), places, need)
			}
			if f.count() != 50 {
				t.Errorf("%d calls", f.count())
			}
		})
	}
}

func TestImpatientCallersDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: after(time.Second)}
		g := guarded(t, f)
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if _, err := g.Fetch(ctx, places, need); fault.KindOf(err) != fault.UpstreamTimeout {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		_, _ = fetch(t, g, ok)
	})
}

func TestACallerWhoLeavesTheProbeLetsTheNextOneLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: always(away)}
		g := guarded(t, f)
		open(t, g, f)
		time.Sleep(12 * time.Second)
		f.do = after(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, _ = g.Fetch(ctx, places, need)
		f.do = nil
		_, _ = fetch(t, g, ok)
	})
}
