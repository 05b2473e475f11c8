package guard_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/guard"
)

// stalling answers in 10 ms, but each so manieth call hangs.
func stalling(every int) func(context.Context, int) ([]weather.Result, error) {
	return func(ctx context.Context, call int) ([]weather.Result, error) {
		if call%every == every-1 {
			return after(time.Hour)(ctx, call)
		}
		return after(10*time.Millisecond)(ctx, call)
	}
}

// slowest returns the p99 of a thousand calls.
func slowest(t *testing.T, g *guard.Guard) time.Duration {
	t.Helper()
	var slow []time.Duration
	for range 1000 {
		took, _ := fetch(t, g, ok)
		if took > 10*time.Millisecond {
			slow = append(slow, took)
		}
	}
	if len(slow) <= 10 {
		return 10 * time.Millisecond
	}
	least := slow[0] // of the slow ones, which are all alike
	for _, d := range slow {
		least = min(least, d)
	}
	return least
}

func TestAHedgeCutsTheTail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		alone := slowest(t, guarded(t, &fake{do: stalling(50)}))
		f := &fake{do: stalling(50)}
		hedged := slowest(t, guarded(t, f, hedging))
		t.Logf("with one call in 50 stalled, p99 is %v alone and %v hedged, for %d calls instead of 1000", alone, hedged, f.count())
		if alone < 3*time.Second || hedged > 50*time.Millisecond {
			t.Errorf("p99 is %v alone and %v hedged", alone, hedged)
		}
		if f.count() > 1000+1000/10 {
			t.Errorf("%d calls for 1000", f.count())
		}
	})
}

func TestHedgesAreATenthOfTheTrafficHoweverSlowItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: after(10 * time.Millisecond)}
		g := guarded(t, f, hedging)
		for range 50 {
			_, _ = fetch(t, g, ok)
		}
		before := f.count()
		f.do = after(2 * time.Second) // all of them, which no hedge can help
		for range 200 {
			_, _ = fetch(t, g, ok)
		}
		if more := f.count() - before - 200; more > 20+10 { // a tenth, and what the quick ones had saved
			t.Errorf("%d hedges of 200 calls", more)
		}
	})
}

func TestAFailureIsNotHedgedButRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: after(10 * time.Millisecond)}
		g := guarded(t, f, hedging)
		for range 50 {
			_, _ = fetch(t, g, ok)
		}
		before := f.count()
		f.do = always(away)
		took, _ := fetch(t, g, fault.UpstreamUnavailable)
		if f.count() != before+2 || took != 125*time.Millisecond {
			t.Errorf("%d calls in %v", f.count()-before, took)
		}
	})
}
