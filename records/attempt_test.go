package records_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

func TestWriterOneBadDraftDoesNotFailItsBatch(t *testing.T) {
	t.Parallel()
	var statements atomic.Int64
	g := assemble(traced(t, migrated(t), &tracer{after: func(statement string, _ pgconn.CommandTag) {
		if inserts(statement) {
			statements.Add(1)
		}
	}}))
	drafts := make([]records.Draft, 100)
	for i := range drafts {
		drafts[i] = draft(fmt.Sprint(i), "")
	}
	drafts[17].PayloadID, drafts[71].PayloadID = "a\x00b", "a\xffb" // what ParsePayload would have refused
	bad := func(i int) bool { return i == 17 || i == 71 }
	got, errs := g.writer.Together(t.Context(), drafts...)
	for i, d := range drafts {
		switch err := errs[i]; {
		case bad(i) && (err == nil || fault.KindOf(err) != fault.Internal):
			t.Errorf("Accept(%q) = %+v, %v, want an %s", d.PayloadID, got[i], err, fault.Internal.Code())
		case !bad(i) && (err != nil || got[i].Record == nil || got[i].Duplicate):
			t.Errorf("Accept(%q) = %+v, %v, want a record of its own", d.PayloadID, got[i], err)
		}
	}
	if rows := g.rows(t); rows != len(drafts)-2 {
		t.Errorf("there are %d records, want %d", rows, len(drafts)-2)
	}
	if n := statements.Load(); n < 3 || n > 40 {
		t.Errorf("it took %d statements to find 2 bad drafts among %d, want some and few", n, len(drafts))
	}
}

func TestWriterAnswersThoseItMadeWhenItCannotAskAboutTheRest(t *testing.T) {
	t.Parallel()
	database := migrated(t)
	var broken atomic.Bool
	g := assemble(traced(t, database, &tracer{before: func(ctx context.Context, statement string, _ []any) context.Context {
		if broken.Load() && meets(statement) {
			late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
			cancel()
			return late
		}
		return ctx
	}}))
	old, fresh := draft("old", ""), draft("fresh", "")
	run(t, g.writer)
	run(t, g.feed)
	g.made(t, old)

	subscription := g.subscribe(t, records.Interest{}, nil)
	broken.Store(true)
	got, errs := g.writer.Together(t.Context(), old, fresh)
	if !fault.KindOf(errs[0]).Retryable() {
		t.Errorf("Accept of what could not be asked for = %+v, %v, want to be told to come again", got[0], errs[0])
	}
	if errs[1] != nil || got[1].Record == nil || got[1].Duplicate {
		t.Errorf("Accept of what was made = %+v, %v, want its record", got[1], errs[1])
	}
	if told := next(t, subscription); told.Record.Key != fresh.Key {
		t.Errorf("the feed told of %v, want %v", told.Record.Key, fresh.Key)
	}
	broken.Store(false)
	if got := g.accept(t, old); !got.Duplicate {
		t.Errorf("Accept again = %+v, want the first record", got)
	}
}

func TestWriterTakesWhatMetAPipelineThatWasJustActivated(t *testing.T) {
	t.Parallel()
	database := migrated(t)
	other := assemble(open(t, database))
	setActive(t, other, false)
	var once sync.Once
	g := assemble(traced(t, database, &tracer{after: func(statement string, _ pgconn.CommandTag) {
		if inserts(statement) {
			once.Do(func() { setActive(t, other, true) })
		}
	}}))
	run(t, g.writer)
	g.made(t, draft("a", ""))
}

func TestWriterGivesUpOnAPipelineThatKeepsChanging(t *testing.T) {
	t.Parallel()
	database := migrated(t)
	other := assemble(open(t, database))
	var steady atomic.Bool
	g := assemble(traced(t, database, &tracer{
		before: func(ctx context.Context, statement string, _ []any) context.Context {
			if !steady.Load() && inserts(statement) {
				setActive(t, other, false)
			}
			return ctx
		},
		after: func(statement string, _ pgconn.CommandTag) {
			if inserts(statement) {
				setActive(t, other, true)
			}
		},
	}))
	run(t, g.writer)
	got, err := g.writer.Accept(t.Context(), draft("a", ""))
	if f := fault.Of(err); f.Kind != fault.Unavailable || f.RetryAfter <= 0 {
		t.Errorf("Accept = %+v, %v, want %s and when to come again", got, err, fault.Unavailable.Code())
	}
	steady.Store(true)
	g.made(t, draft("a", ""))
}

func TestWriterWaitsForWhoeverTakesTheKeyMeanwhile(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		other   records.Draft
		commits bool
		check   func(*testing.T, records.Acceptance)
	}{
		"who gives up": {draft("a", "other"), false, func(t *testing.T, got records.Acceptance) {
			if got.Record == nil || got.Duplicate || got.Refusal != nil {
				t.Errorf("Accept = %+v, want a record of its own", got)
			}
		}},
		"who had the same": {draft("a", "mine"), true, func(t *testing.T, got records.Acceptance) {
			if got.Record == nil || !got.Duplicate || got.Refusal != nil {
				t.Errorf("Accept = %+v, want the other's record", got)
			}
		}},
		"who had other content": {draft("a", "other"), true, func(t *testing.T, got records.Acceptance) {
			checkRefusal(t, got, pipeline.PayloadConflict, "input", "payload", "id")
			if got.Record == nil {
				t.Errorf("Accept = %+v, want the other's record", got)
			}
		}},
	}
	// Under the second, whoever waited in vain is told to try its transaction again.
	for _, isolation := range []string{"read committed", "serializable"} {
		for name, c := range cases {
			t.Run(isolation+", "+name, func(t *testing.T) {
				t.Parallel()
				database := migrated(t)
				g := assemble(altered(t, database, func(config *pgxpool.Config) {
					config.ConnConfig.RuntimeParams["default_transaction_isolation"] = isolation
				}))
				run(t, g.writer)
				tx := g.begin(t)
				insert(t, tx, c.other)
				answered := make(chan struct{})
				go func() {
					defer close(answered)
					got, err := g.writer.Accept(t.Context(), draft("a", "mine"))
					if err != nil {
						t.Errorf("Accept: %v", err)
						return
					}
					c.check(t, got)
				}()
				eventually(t, "the writer waits", func() bool { return g.waiting(t) })
				end := tx.Rollback
				if c.commits {
					end = tx.Commit
				}
				if err := end(t.Context()); err != nil {
					t.Errorf("end the other transaction: %v", err)
				}
				<-answered
				if rows := g.rows(t); rows != 1 {
					t.Errorf("there are %d records, want 1", rows)
				}
			})
		}
	}
}

func TestWriterHidesADeadlock(t *testing.T) {
	t.Parallel()
	database := migrated(t)
	g := assemble(altered(t, database, func(config *pgxpool.Config) { config.ConnConfig.RuntimeParams["deadlock_timeout"] = "300ms" }))
	tx := g.begin(t)
	// On a slow machine the other may be the victim, but it must be one of the two.
	if _, err := tx.Exec(t.Context(), `set local deadlock_timeout = '5s'`); err != nil {
		t.Fatalf("set: %v", err)
	}
	insert(t, tx, draft("b", ""))
	var (
		all  sync.WaitGroup
		got  []records.Acceptance
		errs []error
	)
	all.Go(func() { got, errs = g.writer.Together(t.Context(), draft("a", ""), draft("b", "")) })
	eventually(t, "the writer, which has a, waits for b", func() bool { return g.waiting(t) })
	d := draft("a", "")
	_, err := tx.Exec(t.Context(), `
		insert into records (pipeline, payload_id, fingerprint, state, payload, pipeline_version, received_at)
		values ('default', 'a', $1, 'PROCESSED', '{}', 1, now())`, d.Fingerprint[:])
	end, committed := tx.Commit, err == nil
	if !committed {
		t.Logf("the other was the victim: %v", err)
		end = tx.Rollback
	}
	if err := end(t.Context()); err != nil {
		t.Errorf("end the other transaction: %v", err)
	}
	all.Wait()
	for i, a := range got {
		if errs[i] != nil || a.Record == nil || a.Refusal != nil || a.Duplicate != committed {
			t.Errorf("Accept = %+v, %v, want the record, and that it is the other's: %t", a, errs[i], committed)
		}
	}
	if rows := g.rows(t); rows != 2 {
		t.Errorf("there are %d records, want 2", rows)
	}
}
