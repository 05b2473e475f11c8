package gazetteer_test

import (
	"bytes"
	"os"
	"runtime"
	"testing"

	"barograph/gazetteer"
)

// BenchmarkOpen decodes the data afresh each time, as the first Open does, and
// reports what an open gazetteer holds of the heap.
func BenchmarkOpen(b *testing.B) {
	data, err := os.ReadFile("cities.tsv.gz")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var g *gazetteer.Gazetteer
	for b.Loop() {
		if g, err = gazetteer.Read(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
	with := heap()
	runtime.KeepAlive(g) // to here, and so no longer
	b.ReportMetric(float64(with-heap())/1e6, "MB-held")
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkFind(b *testing.B) {
	g := open(b)
	for _, name := range []string{"Mumbai", "münchen", "London, CA", "Portland, Maine, US", "nowhere at all"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g.Find(name)
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	g := open(b)
	for _, query := range []string{"s", "sa", "san fr", "york", "portland, m", "s, m"} {
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g.Search(query, 10, "")
			}
		})
	}
	b.Run("s in one country", func(b *testing.B) {
		for b.Loop() {
			g.Search("s", 10, "IS")
		}
	})
}

func BenchmarkNearest(b *testing.B) {
	g := open(b)
	for name, at := range map[string][2]float64{"Europe": {48.2, 14.6}, "the Pacific": {-10, -130}, "the south pole": {-90, 0}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g.Nearest(at[0], at[1])
			}
		})
	}
}

func open(tb testing.TB) *gazetteer.Gazetteer {
	tb.Helper()
	g, err := gazetteer.Open()
	if err != nil {
		tb.Fatal(err)
	}
	return g
}
