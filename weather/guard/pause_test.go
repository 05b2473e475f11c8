package guard_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/quota"
)

func TestAPauseIsKeptByAllAndEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		asked, kept time.Duration
		kind        fault.Kind
	}{
		{time.Second, time.Second, fault.UpstreamRateLimited},
		{time.Minute, time.Minute, fault.UpstreamRateLimited},
		{10 * 365 * 24 * time.Hour, time.Hour, fault.UpstreamRateLimited}, // no longer than that
		{1<<63 - 1, time.Hour, fault.UpstreamRateLimited},
		{30 * time.Second, 30 * time.Second, fault.UpstreamUnavailable}, // a 503 may ask for one too
	} {
		t.Run(test.asked.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{do: always(fault.New(test.kind, "slow down").After(test.asked))}
				g := guarded(t, f)
				if _, err := fetch(t, g, test.kind); err.RetryAfter != test.kept {
					t.Errorf("the first is told %v", err.RetryAfter)
				}
				f.do = nil
				time.Sleep(test.kept - time.Millisecond)
				took, err := fetch(t, g, test.kind)
				if took != 0 || err.RetryAfter != time.Millisecond || err.Message != "slow down" || f.count() != 1 {
					t.Errorf("told %v, %q after %v and %d calls", err.RetryAfter, err.Message, took, f.count())
				}
				time.Sleep(time.Millisecond)
				_, _ = fetch(t, g, ok)
			})
		})
	}
}

func TestAShorterPauseDoesNotEndALongerOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{do: func(_ context.Context, call int) ([]weather.Result, error) {
			wait := []time.Duration{time.Minute, time.Second}[call]
			if call == 1 {
				time.Sleep(time.Second) // it was under way already
			}
			return nil, fault.New(fault.UpstreamRateLimited, "slow down").After(wait)
		}}
		g := guarded(t, f)
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(time.Millisecond)
			_, _ = fetch(t, g, fault.UpstreamRateLimited)
		}()
		_, _ = g.Fetch(t.Context(), places, need)
		<-done
		f.do = nil
		time.Sleep(30 * time.Second)
		_, _ = fetch(t, g, fault.UpstreamRateLimited)
		time.Sleep(31 * time.Second)
		_, _ = fetch(t, g, ok)
	})
}

func TestAQuotaThatIsShortForOneCallDoesNotStopAnother(t *testing.T) {
	t.Parallel()
	f := &fake{do: func(_ context.Context, call int) ([]weather.Result, error) {
		if call == 0 {
			return nil, fault.Wrap(quota.ErrShort, fault.UpstreamRateLimited, "too heavy").After(time.Hour)
		}
		return reports(len(places)), nil
	}}
	g := guarded(t, f)
	if _, err := fetch(t, g, fault.UpstreamRateLimited); err.RetryAfter != time.Hour {
		t.Errorf("told %v", err.RetryAfter)
	}
	_, _ = fetch(t, g, ok)
}
