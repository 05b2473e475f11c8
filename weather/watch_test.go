package weather_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

// watched runs a test in a bubble of time, with a service over a provider that
// takes no time.
func watched(t *testing.T, test func(t *testing.T, s *weather.Service, f *fake)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{limit: 100, now: time.Now}
		test(t, open(t, time.Now, f), f)
	})
}

func watch(t *testing.T, s *weather.Service, need weather.Need) *weather.Watcher {
	t.Helper()
	w, err := s.Watch(t.Context(), place(0), need)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// told returns what a watcher has been told and not taken yet.
func told(t *testing.T, w *weather.Watcher) *weather.Report {
	t.Helper()
	synctest.Wait()
	select {
	case r, ok := <-w.Reports():
		if !ok {
			t.Fatalf("its reports have ended: %v", w.Err())
		}
		expect(t, r, place(0), r.State)
		return r.Report
	default:
		return nil
	}
}

func TestManyWatchersOfAPlaceShareAPollThatWaitsForTheExpiry(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, f *fake) {
		var watchers []*weather.Watcher
		for range 50 {
			watchers = append(watchers, watch(t, s, weather.Need{Current: true}))
			time.Sleep(time.Second)
		}
		for _, w := range watchers {
			if told(t, w) == nil || told(t, w) != nil {
				t.Fatal("a watcher is not told one report to begin with")
			}
		}
		for round := 1; round <= 3; round++ {
			time.Sleep(life - 51*time.Second)
			if n := len(f.since(0)); n != round {
				t.Errorf("%d calls before the expiry, want %d", n, round)
			}
			time.Sleep(51 * time.Second)
			for _, w := range watchers {
				if r := told(t, w); r == nil || time.Since(r.FetchedAt) > 51*time.Second {
					t.Fatalf("round %d: a watcher is told %+v", round, r)
				}
			}
			if n := len(f.since(0)); n != round+1 {
				t.Errorf("%d calls for 50 watchers, want %d", n, round+1)
			}
		}
		for _, w := range watchers {
			s.Unwatch(w)
			s.Unwatch(w) // does no harm
		}
		n := len(f.since(0))
		time.Sleep(time.Hour)
		if more := len(f.since(n)); more != 0 {
			t.Errorf("%d calls for nobody", more)
		}
	})
}

func TestAWatcherIsToldWhatOthersFetch(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, f *fake) {
		w := watch(t, s, weather.Need{Current: true})
		defer s.Unwatch(w)
		told(t, w)
		time.Sleep(time.Minute)
		r := s.Refresh(t.Context(), places(1), weather.Need{Current: true})[0]
		if got := told(t, w); got != r.Report {
			t.Errorf("it is told %+v, want what was refreshed", got)
		}
		if n := len(f.since(0)); n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
	})
}

func TestAWatcherWhoIsSlowHasTheNewestReport(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, _ *fake) {
		w := watch(t, s, weather.Need{Current: true})
		defer s.Unwatch(w)
		time.Sleep(5*life + time.Minute)
		if r := told(t, w); time.Since(r.FetchedAt) > time.Minute || told(t, w) != nil {
			t.Errorf("it has a report of %v ago, want the newest alone", time.Since(r.FetchedAt))
		}
	})
}

func TestAPollThatFailsIsTriedAgainEverMoreRarely(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, f *fake) {
		w := watch(t, s, weather.Need{Current: true})
		defer s.Unwatch(w)
		told(t, w)
		f.failing(fault.New(fault.UpstreamUnavailable, "away"))
		time.Sleep(life + time.Hour)
		if n := len(f.since(1)); n < 8 || n > 15 {
			t.Errorf("%d calls in an hour of failures, want about one in 8 minutes", n)
		}
		if r := told(t, w); r != nil {
			t.Errorf("it is told %+v of failures", r)
		}
		f.will(nil)
		time.Sleep(8 * time.Minute)
		if told(t, w) == nil {
			t.Error("it is told nothing once the provider is back")
		}
	})
}

func TestWatchingEndsWithTheServiceAndSaysWhy(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, _ *fake) {
		w := watch(t, s, weather.Need{Current: true})
		told(t, w)
		s.Close()
		if _, ok := <-w.Reports(); ok || fault.KindOf(w.Err()) != fault.Unavailable {
			t.Errorf("its reports go on: %t, %v", ok, w.Err())
		}
		s.Unwatch(w)
		if _, err := s.Watch(t.Context(), place(0), weather.Need{Current: true}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a closed service is watched: %v", err)
		}
	})
}

func TestWatchersAreBounded(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, _ *fake) {
		for range 10_000 {
			watch(t, s, weather.Need{Current: true})
		}
		if _, err := s.Watch(t.Context(), place(0), weather.Need{Current: true}); fault.KindOf(err) != fault.Overloaded {
			t.Errorf("one more: %v, want OVERLOADED", err)
		}
	})
}

func TestWhatCannotBeHadIsNotWatched(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, f *fake) {
		f.failing(fault.New(fault.UpstreamUnavailable, "away"))
		if _, err := s.Watch(t.Context(), place(0), weather.Need{}); fault.KindOf(err) != fault.UpstreamUnavailable {
			t.Errorf("Watch = %v, want UPSTREAM_UNAVAILABLE", err)
		}
	})
}

func TestRefreshGoesPastTheCache(t *testing.T) {
	watched(t, func(t *testing.T, s *weather.Service, f *fake) {
		need := weather.Need{Current: true, Days: 3}
		s.Reports(t.Context(), places(1), need)
		time.Sleep(9 * time.Second)
		r := s.Refresh(t.Context(), places(2), need)
		if e := fault.Of(r[0].Err); r[0].Report == nil || e.Kind != fault.RateLimited || e.RetryAfter != time.Second || r[0].State != weather.Cached {
			t.Errorf("9 s later: %+v, want the report there is and RATE_LIMITED", r[0])
		}
		expect(t, r[1], place(1), weather.Live)
		time.Sleep(time.Second)
		expect(t, s.Refresh(t.Context(), places(1), weather.Need{Current: true})[0], place(0), weather.Live)
		expect(t, s.Reports(t.Context(), places(1), need)[0], place(0), weather.Cached) // nothing was lost by it
		f.failing(fault.New(fault.UpstreamRateLimited, "no quota").After(time.Minute))
		time.Sleep(time.Minute)
		r = s.Refresh(t.Context(), places(3), need)
		if e := fault.Of(r[0].Err); r[0].Report == nil || e.Kind != fault.UpstreamRateLimited || e.RetryAfter != time.Minute {
			t.Errorf("without quota: %+v, want the report there is and UPSTREAM_RATE_LIMITED", r[0])
		}
		if r[2].Report != nil || fault.KindOf(r[2].Err) != fault.UpstreamRateLimited {
			t.Errorf("what was never fetched: %+v, want UPSTREAM_RATE_LIMITED", r[2])
		}
	})
}

func TestARefreshJoinsWhatIsUnderWay(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		done := make(chan weather.Result)
		for _, ask := range []func(context.Context, []weather.Place, weather.Need) []weather.Result{s.Reports, s.Refresh} {
			go func() { done <- ask(t.Context(), places(1), weather.Need{})[0] }()
			synctest.Wait()
		}
		close(g.open)
		expect(t, <-done, place(0), weather.Live)
		expect(t, <-done, place(0), weather.Live)
		if n := len(f.since(0)); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}
