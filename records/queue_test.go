package records_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"barograph/internal/fault"
	"barograph/internal/postgres"
	"barograph/pipeline"
	"barograph/records"
)

// This one runs alone, so that what is left running is its own.
func TestWriterLeavesNothingRunning(t *testing.T) {
	database := migrated(t)
	ignored := goleak.IgnoreCurrent()
	pools, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	g := assemble(pools)
	stopWriter, stopFeed := run(t, g.writer), run(t, g.feed)
	subscription := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("a", ""))
	next(t, subscription)
	subscription.Close()
	stopWriter()
	stopFeed()
	pools.Close()
	goleak.VerifyNone(t, ignored)
}

func TestWriterAcceptOfACallerWhoLeftIsNeverAnAnswer(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	left, leave := context.WithCancel(t.Context())
	leave()
	for i := range 2000 {
		if got, err := g.writer.Accept(left, draft(fmt.Sprint(i), "")); !errors.Is(err, context.Canceled) {
			t.Fatalf("Accept by a caller who left = %+v, %v, want %v", got, err, context.Canceled)
		}
	}
	// The writer has nothing for them either, should they look at it first.
	if got, errs := g.writer.Together(left, draft("late", "")); !errors.Is(errs[0], context.Canceled) {
		t.Errorf("a batch of one who left ends with %+v, %v, want %v", got[0], errs[0], context.Canceled)
	}
	g.made(t, draft("after", ""))
	if rows := g.rows(t); rows != 1 {
		t.Errorf("there are %d records, want that of the caller who stayed", rows)
	}
}

func TestWriterRefusesBeyondItsBounds(t *testing.T) {
	t.Parallel()
	pools := open(t, migrated(t))
	large := draft("large", "")
	large.Payload = json.RawMessage(strings.Repeat("x", pipeline.PayloadLimit))
	large.Result = large.Payload
	cases := map[string]struct {
		draft records.Draft
		room  int
	}{
		"by number": {draft("small", ""), 8192},
		"by size":   {large, 64 << 20 / (2 * pipeline.PayloadLimit)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := assemble(pools)
			// Those who leave take room until the writer has seen that they left.
			left, leave := context.WithCancel(t.Context())
			leave()
			for i := range c.room {
				if got, err := g.writer.Accept(left, c.draft); !errors.Is(err, context.Canceled) {
					t.Fatalf("Accept number %d of %d = %+v, %v, want room", i+1, c.room, got, err)
				}
			}
			waits, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			for range 3 {
				got, err := g.writer.Accept(waits, c.draft)
				if err != nil || got.Record != nil || got.Refusal == nil || got.Refusal.Code != pipeline.Overloaded || got.Refusal.RetryAfter <= 0 {
					t.Fatalf("Accept beyond the bound = %+v, %v, want %s and when to come again", got, err, pipeline.Overloaded)
				}
			}
			run(t, g.writer)
			eventually(t, "there is room again", func() bool {
				got := g.accept(t, c.draft)
				return got.Record != nil
			})
		})
	}
}

func TestWriterRunWritesWhatIsQueuedBeforeItEnds(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	const callers = 4000 // many batches, so that none gets away
	got, failures := make([]records.Acceptance, callers), make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { got[i], failures[i] = g.writer.Accept(t.Context(), draft(fmt.Sprint(i), "")) })
	}
	eventually(t, "all are queued", func() bool { return g.writer.Queued() == callers })
	ended, end := context.WithCancel(t.Context())
	end()
	if err := g.writer.Run(ended); err != nil {
		t.Fatalf("Run: %v", err)
	}
	all.Wait()
	for i := range callers {
		if failures[i] != nil || got[i].Record == nil {
			t.Fatalf("a caller in the queue got %+v, %v, want a record", got[i], failures[i])
		}
	}
	if rows := g.rows(t); rows != callers {
		t.Errorf("there are %d records, want %d", rows, callers)
	}
	for range 9000 { // whatever room there is
		late, err := g.writer.Accept(t.Context(), draft("late", ""))
		if f := fault.Of(err); f.Kind != fault.Unavailable || f.RetryAfter <= 0 {
			t.Fatalf("Accept after Run = %+v, %v, want %s", late, err, fault.Unavailable.Code())
		}
	}
}

// Whoever comes while the writer stops is answered, one way or the other.
func TestWriterAcceptWhileRunEndsIsAnsweredAndTrue(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	stop := run(t, g.writer)
	var (
		all      sync.WaitGroup
		accepted atomic.Int64
	)
	for caller := range 20 {
		all.Go(func() {
			for i := 0; ; i++ {
				got, err := g.writer.Accept(t.Context(), draft(fmt.Sprintf("%d-%d", caller, i), ""))
				if err != nil {
					if fault.KindOf(err) != fault.Unavailable {
						t.Errorf("Accept while Run ends: %v, want %s", err, fault.Unavailable.Code())
					}
					return
				}
				if got.Record == nil {
					t.Errorf("Accept = %+v, want a record", got)
					return
				}
				accepted.Add(1)
			}
		})
	}
	eventually(t, "some are accepted", func() bool { return accepted.Load() > 200 })
	stop()
	all.Wait()
	if rows := g.rows(t); int64(rows) < accepted.Load() {
		t.Errorf("there are %d records, but %d were acknowledged", rows, accepted.Load())
	}
}
