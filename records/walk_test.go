package records_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"barograph/records"
)

// Records that come meanwhile may be met or not; the others are, once each.
func TestStoreWalkNeitherSkipsNorRepeatsWhatWasThere(t *testing.T) {
	t.Parallel()
	const there, walks = 300, 24
	g := newGateway(t)
	random := rand.New(rand.NewPCG(1, 2))
	rows := make([]row, there)
	for i := range rows {
		// Few minutes for many records: most pages begin among some that came at once.
		rows[i] = row{"default", fmt.Sprintf("there-%d", i), records.Processed, int64(i % 3), random.IntN(40)}
	}
	seed(t, g, rows...)

	ctx, stop := context.WithCancel(t.Context())
	var arriving sync.WaitGroup
	for source := range 3 {
		random := rand.New(rand.NewPCG(3, uint64(source)))
		arriving.Go(func() {
			for i := 0; ctx.Err() == nil && i < 3000; i++ {
				d := draft(fmt.Sprintf("new-%d-%d", source, i), "")
				d.ReceivedAt = at(random.IntN(60) - 10) // also before those that were there
				if _, err := g.writer.Accept(ctx, d); err != nil && ctx.Err() == nil {
					t.Errorf("Accept: %v", err)
				}
			}
		})
	}
	defer arriving.Wait()
	defer stop()

	for walk := range walks {
		stretch := records.Range{Descending: walk%2 == 0, FromEnd: walk/2%2 == 0}
		met := make(map[string]int)
		var last *records.Record
		for {
			stretch.Limit = 1 + random.IntN(60)
			found := page(t, g, records.Filter{}, stretch)
			for _, r := range found {
				met[r.PayloadID]++
				if last != nil && !follows(last, r, stretch.Descending != stretch.FromEnd) {
					t.Fatalf("walk %d, %+v: %s comes after %s", walk, stretch, text(r), text(last))
				}
				last = r
			}
			if len(found) < stretch.Limit {
				break
			}
			if stretch.FromEnd {
				stretch.Before = ptr(last.Cursor())
			} else {
				stretch.After = ptr(last.Cursor())
			}
		}
		for _, r := range rows {
			if met[r.id] != 1 {
				t.Fatalf("walk %d, %+v: %s, which was there when it began, was met %d times", walk, stretch, r.id, met[r.id])
			}
		}
	}
	t.Logf("%d walks over %d records, which grew to %d", walks, there, g.rows(t))
}

// follows reports whether b comes after a in the order of a walk.
func follows(a, b *records.Record, descending bool) bool {
	if descending {
		a, b = b, a
	}
	return a.ReceivedAt.Before(b.ReceivedAt) || a.ReceivedAt.Equal(b.ReceivedAt) && a.Position < b.Position
}
