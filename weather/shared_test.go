package weather_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

// A shelf is a shared cache in memory, which takes a while to look.
type shelf struct {
	slow time.Duration

	mu    sync.Mutex
	kept  map[label]book // guarded by mu
	looks int            // guarded by mu
}

type label struct {
	provider string
	place    weather.Place
}

type book struct {
	report *weather.Report
	need   weather.Need
}

func newShelf(slow time.Duration) *shelf { return &shelf{slow: slow, kept: map[label]book{}} }

func (s *shelf) Find(ctx context.Context, provider string, places []weather.Place, need weather.Need) []*weather.Report {
	select {
	case <-time.After(s.slow):
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	found := make([]*weather.Report, len(places))
	for i, p := range places {
		if b := s.kept[label{provider, p}]; b.need.Covers(need) {
			found[i] = b.report
		}
	}
	return found
}

func (s *shelf) Keep(provider string, reports []*weather.Report, need weather.Need) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range reports {
		s.kept[label{provider, r.Place}] = book{r, need}
	}
}

func (s *shelf) looked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}

// sharing runs a test in a bubble with two services that share a shelf.
func sharing(t *testing.T, test func(t *testing.T, one, other *weather.Service, f *fake, on *shelf)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{limit: 1000, now: time.Now, air: true}
		on := newShelf(10 * time.Millisecond)
		one, other := weather.NewService(time.Now, discard, f), weather.NewService(time.Now, discard, f)
		defer one.Close()
		defer other.Close()
		one.Share(on)
		other.Share(on)
		test(t, one, other, f, on)
	})
}

func TestWhatOneServiceFetchedAnotherHas(t *testing.T) {
	sharing(t, func(t *testing.T, one, other *weather.Service, f *fake, _ *shelf) {
		need := weather.Need{Current: true, AirQuality: true}
		for i, r := range one.Reports(t.Context(), places(3), need) {
			expect(t, r, place(i), weather.Live)
		}
		for i, r := range other.Reports(t.Context(), places(5), need) {
			state := weather.Cached
			if i >= 3 {
				state = weather.Live
			}
			expect(t, r, place(i), state)
			if r.Report.AirQuality == nil || r.AirState != state {
				t.Errorf("%v: air %+v in state %d, want %d", place(i), r.Report.AirQuality, r.AirState, state)
			}
		}
		if calls := f.since(1); len(calls) != 1 || len(calls[0].places) != 2 {
			t.Errorf("the second one's calls = %+v, want one for the two places that the first had not fetched", calls)
		}
	})
}

func TestAThousandOperationsLookOnceIntoTheSharedCache(t *testing.T) {
	sharing(t, func(t *testing.T, one, other *weather.Service, f *fake, on *shelf) {
		one.Reports(t.Context(), places(100), weather.Need{Current: true})
		var operations sync.WaitGroup
		for range 1000 {
			operations.Go(func() {
				for i, r := range other.Reports(t.Context(), places(100), weather.Need{Current: true}) {
					expect(t, r, place(i), weather.Cached)
				}
			})
		}
		operations.Wait()
		if on.looked() != 2 || len(f.since(0)) != 1 {
			t.Errorf("%d looks and %d calls, want one look of each service, and one call", on.looked(), len(f.since(0)))
		}
	})
}

func TestARefreshLooksPastTheSharedCacheEvenWhereItJoins(t *testing.T) {
	sharing(t, func(t *testing.T, one, other *weather.Service, f *fake, _ *shelf) {
		one.Reports(t.Context(), places(1), weather.Need{})
		time.Sleep(time.Minute)
		var operations sync.WaitGroup
		operations.Go(func() { expect(t, other.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live) })
		synctest.Wait() // it looks
		expect(t, other.Refresh(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live)
		operations.Wait()
		if n := len(f.since(0)); n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
	})
}

func TestASharedReportIsTheLastResort(t *testing.T) {
	sharing(t, func(t *testing.T, one, other *weather.Service, f *fake, on *shelf) {
		one.Reports(t.Context(), places(1), weather.Need{})
		f.will(func(context.Context, []weather.Place, weather.Need) ([]weather.Result, error) {
			return nil, fault.New(fault.UpstreamUnavailable, "down")
		})
		time.Sleep(life + time.Hour)
		expect(t, other.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Stale)
		if n := len(f.since(0)); n != 2 {
			t.Errorf("%d calls, want it to be tried", n)
		}
		time.Sleep(6 * time.Hour)
		if r := other.Reports(t.Context(), places(1), weather.Need{})[0]; r.Err == nil {
			t.Errorf("seven hours past its expiry: %+v", r)
		}
		on.mu.Lock()
		defer on.mu.Unlock()
		if len(on.kept) != 1 {
			t.Errorf("failures are kept: %+v", on.kept)
		}
	})
}

func TestWhoLeavesWhileItLooksEndsTheLookAndNothingIsFetched(t *testing.T) {
	sharing(t, func(t *testing.T, one, _ *weather.Service, f *fake, on *shelf) {
		on.slow = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if r := one.Reports(ctx, places(1), weather.Need{})[0]; fault.KindOf(r.Err) != fault.UpstreamTimeout {
			t.Errorf("who left has %+v", r)
		}
		synctest.Wait()
		if n := len(f.since(0)); on.looked() != 1 || n != 0 {
			t.Errorf("%d looks and %d calls, want 1 and none", on.looked(), n)
		}
	})
}
