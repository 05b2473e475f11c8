package weather_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barograph/weather"
)

func TestACallCountsForWhoBeganItAndNotForWhoJoined(t *testing.T) {
	gated(t, 1000, func(t *testing.T, s *weather.Service, _ *fake, g *gate) {
		var tallies [100]weather.Tally
		var operations sync.WaitGroup
		for i := range tallies {
			operations.Go(func() { s.Reports(weather.Count(t.Context(), &tallies[i]), places(100), weather.Need{Current: true}) })
			synctest.Wait()
		}
		close(g.open)
		operations.Wait()
		for i := range tallies {
			want := int64(0)
			if i == 0 {
				want = 1
			}
			if calls, hits := tallies[i].Calls.Load(), tallies[i].CacheHits.Load(); calls != want || hits != 0 {
				t.Errorf("operation %d: %d calls and %d hits, want %d calls", i, calls, hits, want)
			}
		}
	})
}

func TestWhatIsAnsweredWhileItIsRefreshedIsAHitAndNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{limit: 1000, air: true, now: time.Now}
		s := weather.NewService(time.Now, discard, f)
		defer s.Close()
		need := weather.Need{Current: true, AirQuality: true}
		count := func(n int, wantCalls, wantHits int64) {
			t.Helper()
			var tally weather.Tally
			s.Reports(weather.Count(t.Context(), &tally), places(n), need)
			synctest.Wait()
			if calls, hits := tally.Calls.Load(), tally.CacheHits.Load(); calls != wantCalls || hits != wantHits {
				t.Errorf("%d places: %d calls and %d hits, want %d and %d", n, calls, hits, wantCalls, wantHits)
			}
		}
		count(10, 1, 0)
		count(10, 0, 10)
		count(11, 1, 10)
		time.Sleep(life + revalidating/2) // on the bubble's clock
		count(10, 0, 10)
		if n := len(f.since(0)); n != 3 {
			t.Errorf("%d calls, want a refresh beside the two that were waited for", n)
		}
		count(10, 0, 10)
	})
}
