package weather_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

const lanes = 4

// A gate is a provider's answer that waits until the gate is opened, and counts
// who stands before it.
type gate struct {
	waiting atomic.Int64
	open    chan struct{}
}

func (g *gate) hold(f *fake) {
	g.open = make(chan struct{})
	f.will(func(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
		g.waiting.Add(1)
		defer g.waiting.Add(-1)
		select {
		case <-g.open:
			return f.reports(places, need), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

// gated runs a test in a bubble of time, with a service whose provider waits.
func gated(t *testing.T, limit int, test func(t *testing.T, s *weather.Service, f *fake, g *gate)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, g := &fake{limit: limit, now: time.Now}, &gate{}
		g.hold(f)
		test(t, open(t, time.Now, f), f, g)
	})
}

func TestManyPlacesAreAskedSideBySideInFullCalls(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		var got []weather.Result
		done := make(chan struct{})
		go func() {
			defer close(done)
			got = s.Reports(t.Context(), places(35), weather.Need{})
		}()
		synctest.Wait()
		if n := g.waiting.Load(); n != 4 {
			t.Errorf("%d calls at once, want 4", n)
		}
		close(g.open)
		<-done
		sizes := map[int]int{}
		for _, call := range f.since(0) {
			sizes[len(call.places)]++
		}
		if sizes[10] != 3 || sizes[5] != 1 || len(sizes) != 2 {
			t.Errorf("calls by size = %v, want three of 10 and one of 5", sizes)
		}
		for i, r := range got {
			expect(t, r, place(i), weather.Live)
		}
	})
}

func TestNeverMoreCallsAtOnceThanThereAreLanes(t *testing.T) {
	gated(t, 2, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		var callers sync.WaitGroup
		for i := range 5 { // of three calls each
			callers.Go(func() {
				for k, r := range s.Reports(t.Context(), places(30)[i*6:(i+1)*6], weather.Need{}) {
					expect(t, r, place(i*6+k), weather.Live)
				}
			})
		}
		for done := 0; done < 15; done++ {
			synctest.Wait()
			if n, want := g.waiting.Load(), min(lanes, 15-int64(done)); n != want {
				t.Errorf("after %d calls: %d at once, want %d", done, n, want)
			}
			g.open <- struct{}{}
		}
		callers.Wait()
		if n := len(f.since(0)); n != 15 {
			t.Errorf("%d calls, want 15", n)
		}
	})
}

func TestACallIsGivenUpAfterEightSeconds(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, _ *fake, _ *gate) {
		start := time.Now()
		got := s.Reports(t.Context(), places(1), weather.Need{})
		if passed := time.Since(start); passed != 8*time.Second || fault.KindOf(got[0].Err) != fault.UpstreamTimeout {
			t.Errorf("after %v: %+v", passed, got[0])
		}
	})
}

func TestWhoFindsNoLaneIsToldThatTheProviderIsBusy(t *testing.T) {
	gated(t, 1, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		late := weather.Place{Latitude: 1, Longitude: 99}
		f.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
			<-g.open // whatever the deadline
			return f.reports(places, need), nil
		})
		var callers sync.WaitGroup
		callers.Go(func() {
			for i, r := range s.Reports(t.Context(), places(lanes), weather.Need{}) {
				if fault.KindOf(r.Err) != fault.UpstreamTimeout {
					t.Errorf("place %d: got %+v, want UPSTREAM_TIMEOUT", i, r)
				}
			}
		})
		synctest.Wait()
		got := s.Reports(t.Context(), []weather.Place{late}, weather.Need{})
		if fault.KindOf(got[0].Err) != fault.UpstreamTimeout || !strings.Contains(got[0].Err.Error(), "busy") {
			t.Errorf("got %+v, want UPSTREAM_TIMEOUT of a provider that is busy", got[0])
		}
		callers.Wait() // however long the provider takes
		close(g.open)
		synctest.Wait()
		if n := len(f.since(0)); n != lanes {
			t.Errorf("%d calls, want %d", n, lanes)
		}
		expect(t, s.Reports(t.Context(), []weather.Place{late}, weather.Need{})[0], late, weather.Live)
	})
}

func TestACallerWhoGoesAwayEndsItsCalls(t *testing.T) {
	gated(t, 1, func(t *testing.T, s *weather.Service, f *fake, g *gate) {
		ctx, cancel := context.WithCancel(t.Context())
		start := time.Now()
		done := make(chan []weather.Result)
		go func() { done <- s.Reports(ctx, places(lanes+2), weather.Need{}) }()
		synctest.Wait() // four are under way, two wait for a lane
		cancel()
		for i, r := range <-done {
			if r.Report != nil || !errors.Is(r.Err, context.Canceled) || fault.KindOf(r.Err) != fault.Timeout {
				t.Errorf("place %d has %+v", i, r)
			}
		}
		synctest.Wait()
		if g.waiting.Load() != 0 || time.Since(start) != 0 {
			t.Errorf("%d calls go on after %v", g.waiting.Load(), time.Since(start))
		}
		f.will(nil)
		expect(t, s.Reports(t.Context(), places(1), weather.Need{})[0], place(0), weather.Live)
	})
}

// Whatever runs beside it, every caller gets its own places' reports in order.
func TestReportsAreRightUnderConcurrentUse(t *testing.T) {
	t.Parallel()
	s, f, c := serve(t, 7)
	f.rejecting(place(13))
	var callers sync.WaitGroup
	for seed := range uint64(16) {
		callers.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1))
			for range 40 {
				asked := make([]weather.Place, random.IntN(30))
				for i := range asked {
					asked[i] = place(random.IntN(60))
				}
				need := weather.Need{Hours: random.IntN(4), Days: random.IntN(4)}
				for i, r := range s.Reports(t.Context(), asked, need) {
					switch {
					case asked[i] == place(13):
						if !errors.Is(r.Err, weather.ErrRejected) {
							t.Errorf("the bad place has %+v", r)
						}
					case r.Err != nil || r.Report.Place != asked[i] || len(r.Report.Hourly) < need.Hours || len(r.Report.Daily) < need.Days:
						t.Errorf("%v, %+v: got %+v", asked[i], need, r)
					}
				}
				c.move(time.Minute)
			}
		})
	}
	callers.Wait()
}
