package weather_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"barograph/weather"
)

// slow returns a provider that takes as long as Open-Meteo may.
func slow(latency time.Duration) *fake {
	f := &fake{limit: 1000, now: time.Now}
	f.will(func(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
		time.Sleep(latency)
		return f.reports(places, need), nil
	})
	return f
}

// BenchmarkHundredPlacesInTheCache is what most operations cost.
func BenchmarkHundredPlacesInTheCache(b *testing.B) {
	s, hundred, need := open(b, time.Now, slow(0)), places(100), weather.Need{Current: true}
	s.Reports(b.Context(), hundred, need)
	b.ReportAllocs()
	for b.Loop() {
		s.Reports(b.Context(), hundred, need)
	}
}

// BenchmarkHundredPlacesFetched is what it costs to fetch them, the provider's
// own time left aside.
func BenchmarkHundredPlacesFetched(b *testing.B) {
	hundred, need := places(100), weather.Need{Current: true}
	b.ReportAllocs()
	for b.Loop() {
		s := weather.NewService(time.Now, discard, slow(0))
		s.Reports(b.Context(), hundred, need)
		s.Close()
	}
}

// BenchmarkThousandOperationsAtOnce are over the same hundred places, none of
// them in the cache, with a provider that takes 50 ms.
func BenchmarkThousandOperationsAtOnce(b *testing.B) {
	hundred, need := places(100), weather.Need{Current: true}
	var took []time.Duration
	calls := 0
	for b.Loop() {
		f := slow(50 * time.Millisecond)
		s := weather.NewService(time.Now, discard, f)
		var operations sync.WaitGroup
		var mu sync.Mutex
		for range 1000 {
			operations.Go(func() {
				start := time.Now()
				s.Reports(b.Context(), hundred, need)
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(start))
			})
		}
		operations.Wait()
		s.Close()
		calls += len(f.since(0))
	}
	slices.Sort(took)
	b.ReportMetric(float64(calls)/float64(b.N), "calls/op")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
