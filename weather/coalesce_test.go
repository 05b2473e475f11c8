package weather_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

func TestAThousandOperationsAtOnceMakeOneCall(t *testing.T) {
	gated(t, 1000, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		var operations sync.WaitGroup
		for range 1000 {
			operations.Go(func() {
				for i, r := range s.Reports(t.Context(), places(100), weather.Need{Current: true}) {
					expect(t, r, place(i), weather.Live)
				}
			})
		}
		synctest.Wait()
		close(g.open)
		operations.Wait()
		if calls := f.since(0); len(calls) != 1 || len(calls[0].places) != 100 {
			t.Errorf("%d calls, want one for 100 places", len(calls))
		}
	})
}

func TestWhatIsUnderWayIsJoinedWhereItCoversTheNeed(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		var operations sync.WaitGroup
		ask := func(need weather.Need) {
			operations.Go(func() { expect(t, s.Reports(t.Context(), places(1), need)[0], place(0), weather.Live) })
			synctest.Wait()
		}
		ask(weather.Need{Current: true, Hours: 24})
		ask(weather.Need{Hours: 12})
		if n := len(f.since(0)); n != 1 {
			t.Errorf("%d calls, want the second operation to join the first's", n)
		}
		ask(weather.Need{Days: 3}) // is not covered
		ask(weather.Need{Current: true, Days: 2})
		union := weather.Need{Current: true, Hours: 24, Days: 3}
		if calls := f.since(0); len(calls) != 2 || calls[1].need != union {
			t.Errorf("calls = %+v, want a second for all of it, %+v", calls, union)
		}
		close(g.open)
		operations.Wait()
		expect(t, s.Reports(t.Context(), places(1), union)[0], place(0), weather.Cached)
	})
}

func TestWhatWaitsForALaneLeavesTogetherAndMayTakeMoreAlong(t *testing.T) {
	gated(t, 100, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		var operations sync.WaitGroup
		for i := range lanes + 20 {
			operations.Go(func() {
				expect(t, s.Reports(t.Context(), []weather.Place{place(i)}, weather.Need{Days: 1})[0], place(i), weather.Live)
			})
			synctest.Wait()
		}
		for i := lanes; i < lanes+20; i++ {
			operations.Go(func() {
				expect(t, s.Reports(t.Context(), []weather.Place{place(i)}, weather.Need{Current: true})[0], place(i), weather.Live)
			})
		}
		synctest.Wait()
		close(g.open)
		operations.Wait()
		calls := f.since(lanes)
		if len(calls) != 1 || len(calls[0].places) != 20 || calls[0].need != (weather.Need{Current: true, Days: 1}) {
			t.Errorf("calls = %+v, want one for the 20 that waited, and both of what is asked of them", calls)
		}
	})
}

func TestWhatNeedsLittleIsNotFetchedWithWhatNeedsMuch(t *testing.T) {
	gated(t, 100, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		var operations sync.WaitGroup
		for i, need := range []weather.Need{{Days: 1}, {Days: 2}, {Days: 3}, {Days: 4}, {Hours: 360}, {Current: true}, {Hours: 360}, {Current: true}} {
			operations.Go(func() { s.Reports(t.Context(), []weather.Place{place(i)}, need) })
			synctest.Wait()
		}
		close(g.open)
		operations.Wait()
		for _, call := range f.since(lanes) {
			if len(call.places) != 2 || call.need.Hours > 0 && call.need.Current {
				t.Errorf("call = %+v, want those with the same need", call)
			}
		}
	})
}

func TestAWaiterWhoLeavesDoesNotDisturbTheOthers(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		leaving, leave := context.WithCancel(t.Context())
		var operations sync.WaitGroup
		operations.Go(func() { // the one who started it
			if r := s.Reports(leaving, places(2), weather.Need{})[0]; !errors.Is(r.Err, context.Canceled) {
				t.Errorf("who left has %+v", r)
			}
		})
		synctest.Wait()
		operations.Go(func() { expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live) })
		synctest.Wait()
		leave()
		synctest.Wait()
		close(g.open)
		operations.Wait()
		expect(t, s.Reports(t.Context(), places(2), weather.Need{})[1], place(1), weather.Cached) // it came along
		if n := len(f.since(0)); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestACallEndsWhenNobodyWaitsForAnyOfItsPlaces(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, _ *fake, g *gate) {
		var operations sync.WaitGroup
		var leave [2]context.CancelFunc
		for i := range leave {
			ctx, cancel := context.WithCancel(t.Context())
			leave[i] = cancel
			operations.Go(func() { s.Reports(ctx, places(2)[i:i+1+(1-i)], weather.Need{}) })
			synctest.Wait()
		}
		for i, want := range []int64{1, 0} {
			leave[i]()
			synctest.Wait()
			if n := g.waiting.Load(); n != want {
				t.Errorf("once %d of 2 have left, %d calls go on, want %d", i+1, n, want)
			}
		}
		operations.Wait()
	})
}

func TestWaitersHaveDeadlinesOfTheirOwn(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		var operations sync.WaitGroup
		for _, patience := range []time.Duration{time.Second, 3 * time.Second} {
			operations.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				start := time.Now()
				r := s.Reports(ctx, places(1), weather.Need{})[0]
				if passed := time.Since(start); passed != patience || fault.KindOf(r.Err) != fault.UpstreamTimeout {
					t.Errorf("with %v of patience, %v after %v", patience, r.Err, passed)
				}
			})
		}
		operations.Go(func() { expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live) })
		time.Sleep(5 * time.Second)
		close(g.open)
		operations.Wait()
		if n := len(f.since(0)); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

func TestAClosedServiceEndsItsCallsAndAnswersFromItsCache(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		go func() {
			synctest.Wait()
			g.open <- struct{}{}
		}()
		expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if r := s.Reports(t.Context(), places(2)[1:], weather.Need{})[0]; fault.KindOf(r.Err) != fault.Unavailable {
				t.Errorf("who waited has %+v, want UNAVAILABLE", r)
			}
		})
		synctest.Wait()
		s.Close()
		waiting.Wait()
		got := s.Reports(t.Context(), places(2), weather.Need{})
		expect(t, got[0], place(0), weather.Cached)
		if fault.KindOf(got[1].Err) != fault.Unavailable || g.waiting.Load() != 0 || len(f.since(0)) != 2 {
			t.Errorf("once closed: %+v, %d calls under way of %d", got[1], g.waiting.Load(), len(f.since(0)))
		}
	})
}
