package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/postgres"
	"barograph/records"
)

// finished makes a record that came to a state some minutes after noon, when it
// had been taken in.
func finished(t *testing.T, g *gateway, pipeline, id string, state records.State, minutes int) {
	t.Helper()
	g.exec(t, `
		insert into records (pipeline, payload_id, fingerprint, state, payload, pipeline_version, received_at, processed_at, error_at, error_code, error_message)
		values ($1, $2, sha256(''), $3, '{}', 1, $4,
			case when $3 <> 'DEAD' then $5::timestamptz end, case when $3 = 'DEAD' then $5::timestamptz end,
			case when $3 = 'DEAD' then 'STEP_FAILED' end, case when $3 = 'DEAD' then 'no' end)`, pipeline, id, string(state), noon, at(minutes))
	g.exec(t, `insert into record_attempts values ($1, $2, 1, 1, $3, 'STEP_FAILED', 'no')`, pipeline, id, at(minutes))
}

// sweep forgets what is due at a time, so many records at a time.
func sweep(t *testing.T, g *gateway, minutes, batch int) {
	t.Helper()
	s := records.NewSweeper(g.base, g.pipelines, func() time.Time { return at(minutes) })
	s.SetBatch(batch)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatalf("Sweep: %v", err)
	}
}

// left returns the ids of the records there are, and checks that the attempts
// there are, are theirs.
func left(t *testing.T, g *gateway) string {
	t.Helper()
	var ids, attempts []string
	if err := g.pools.Analytics.QueryRow(t.Context(), `
		select (select array_agg(payload_id order by payload_id) from records), (select array_agg(payload_id order by payload_id) from record_attempts)`,
	).Scan(&ids, &attempts); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, attempts) {
		t.Errorf("there are attempts at %v, and records %v", attempts, ids)
	}
	return strings.Join(ids, " ")
}

func retention(processed, dead int) string {
	return fmt.Sprintf(`{"retention":{"processedSeconds":%d,"deadSeconds":%d}}`, processed*60, dead*60)
}

func TestSweeperForgetsWhatIsDueAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		definition string
		want       string // at 100 minutes past
	}{
		"nothing is said":      {`{}`, "dead-10 dead-50 kept processed-10 processed-50 queued skipped-10 skipped-50"},
		"zero":                 {retention(0, 0), "dead-10 dead-50 kept processed-10 processed-50 queued skipped-10 skipped-50"},
		"what is processed":    {retention(60, 0), "dead-10 dead-50 kept processed-50 queued skipped-50"},
		"what is dead":         {retention(0, 60), "dead-50 kept processed-10 processed-50 queued skipped-10 skipped-50"},
		"both":                 {retention(60, 30), "kept processed-50 queued skipped-50"},
		"all":                  {retention(1, 1), "kept queued"},
		"for ever, as it were": {`{"retention":{"processedSeconds":9223372036854775807}}`, "dead-10 dead-50 kept processed-10 processed-50 queued skipped-10 skipped-50"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := assemble(open(t, migrated(t)))
			define(t, g, "expiring", c.definition)
			for _, minutes := range []int{10, 50} {
				for _, state := range []records.State{records.Processed, records.Skipped, records.Dead} {
					finished(t, g, "expiring", fmt.Sprintf("%s-%d", strings.ToLower(string(state)), minutes), state, minutes)
				}
			}
			finished(t, g, "default", "kept", records.Processed, 1)
			seed(t, g, row{"expiring", "queued", records.Queued, 0, 0})
			g.exec(t, `insert into record_attempts values ('expiring', 'queued', 1, 1, $1, 'STEP_FAILED', 'no')`, noon)
			for _, batch := range []int{2, 1000} {
				sweep(t, g, 100, batch)
				if got := left(t, g); got != c.want {
					t.Errorf("left, in batches of %d: %s, want %s", batch, got, c.want)
				}
			}
		})
	}
}

func TestSweeperLeavesWhatSomebodyHasHoldOf(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	define(t, g, "default", retention(1, 1))
	finished(t, g, "default", "held", records.Dead, 1)
	finished(t, g, "default", "free", records.Dead, 1)
	tx := g.begin(t)
	// As a replay would.
	if _, err := tx.Exec(t.Context(), `update records set state = 'QUEUED', next_attempt_at = now() where payload_id = 'held'`); err != nil {
		t.Fatal(err)
	}
	sweep(t, g, 100, 10)
	if got := left(t, g); got != "held" {
		t.Errorf("left: %s, want held", got)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	sweep(t, g, 100, 10)
	if got := left(t, g); got != "held" {
		t.Errorf("left: %s, want held, which is QUEUED now", got)
	}
}

func TestOneNodeSweepsAtATime(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	define(t, g, "default", retention(1, 1))
	finished(t, g, "default", "a", records.Processed, 1)
	other, err := g.pools.Analytics.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	const key = `hashtextextended('barograph: forget records', 0)`
	if _, err := other.Exec(t.Context(), `select pg_advisory_lock(`+key+`)`); err != nil {
		t.Fatal(err)
	}
	sweep(t, g, 100, 10)
	if got := left(t, g); got != "a" {
		t.Errorf("left while another node sweeps: %q, want a", got)
	}
	if _, err := other.Exec(t.Context(), `select pg_advisory_unlock(`+key+`)`); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the lock is given back each time
		sweep(t, g, 100, 10)
	}
	if got := left(t, g); got != "" {
		t.Errorf("left: %q, want nothing", got)
	}
}

// An id is forgotten with its record.
func TestAPayloadSentAgainAfterItWasForgottenIsNew(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	define(t, g, "default", retention(1, 1))
	first := g.made(t, draft("a", "one"))
	sweep(t, g, 100, 10)
	if again := g.made(t, draft("a", "another")); again.Position == first.Position {
		t.Errorf("the record is %s again", text(again))
	}
}

// The feed and the pages go on from the places of records that are gone.
func TestBookmarksAndCursorsOutliveTheirRecords(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	s := g.subscribe(t, records.Interest{}, nil)
	var changes []records.Change
	for i := range 4 {
		g.made(t, draft(fmt.Sprintf("expiring-%d", i), ""))
		changes = append(changes, next(t, s))
	}
	define(t, g, "default", retention(1, 1))
	sweep(t, g, 100, 3)
	if n := g.rows(t); n != 0 {
		t.Fatalf("%d records are left", n)
	}
	behind := g.subscribe(t, records.Interest{}, &changes[1].Bookmark) // what follows it is gone too
	newest := g.subscribe(t, records.Interest{}, &changes[3].Bookmark) // no record is as new
	late := draft("late", "")
	late.ReceivedAt = at(30)
	g.made(t, late)
	for name, subscription := range map[string]*records.Subscription{"live": s, "behind": behind, "newest": newest} {
		if got := next(t, subscription).Record; got.PayloadID != "late" {
			t.Errorf("%s: the next change is of %s, want late", name, text(got))
		}
	}
	for _, c := range changes {
		if got := ids(page(t, g, records.Filter{}, records.Range{After: ptr(c.Record.Cursor()), Limit: 10})); got != "late" {
			t.Errorf("after the place of %s: %q, want late", c.Record.PayloadID, got)
		}
	}
}

// Each walk is over no more than it has to forget: neither over what others have,
// nor, when only the dead are due, over what is kept.
func TestSweeperReadsNoMoreThanIsDue(t *testing.T) {
	t.Parallel()
	var asked [][]any // the statement and the arguments of each
	g := assemble(tracedWorkers(t, &tracer{before: func(ctx context.Context, sql string, args []any) context.Context {
		if strings.Contains(sql, "delete from records") {
			asked = append(asked, append([]any{sql}, args...))
		}
		return ctx
	}}))
	many(t, g)
	define(t, g, "p0", retention(1, 1))
	sweep(t, g, 0, 100) // nothing is due yet, though all was taken in
	if len(asked) != 2 {
		t.Fatalf("%d statements forget, want one for each way to be finished", len(asked))
	}
	for i, want := range []struct {
		index string
		rows  float64
	}{{"records_by_pipeline", 100}, {"records_dead", 8}} {
		args := asked[i][1:]
		args[1] = noon.Add(50000 * time.Second)
		tx := g.begin(t)
		var text []byte
		if err := tx.QueryRow(t.Context(), `explain (analyze, format json) `+asked[i][0].(string), args...).Scan(&text); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		var explained []struct{ Plan node }
		if err := json.Unmarshal(text, &explained); err != nil {
			t.Fatal(err)
		}
		plan := explained[0].Plan
		walk := plan.find(func(n node) bool { return n.Subplan == "CTE next" }).find(func(n node) bool { return n.Index != "" })
		if walk == nil || walk.Index != want.index || walk.Rows != want.rows || walk.Removed != 0 || plan.find(func(n node) bool { return n.Type == "Seq Scan" && n.Relation == "records" }) != nil {
			t.Errorf("a sweep reads, where %s is expected,\n%s", want.index, text)
		}
	}
}

func TestWhatOnePipelinesSweepMeetsStopsNoOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		breakdown string
		rounds    int // until the rest is forgotten
	}{
		"an error":          {`raise exception 'no'`, 1},
		"a lost connection": {`perform pg_terminate_backend(pg_backend_pid())`, 100}, // which may hold the lock a little longer
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := assemble(open(t, migrated(t)))
			for _, name := range []string{"a", "broken", "c"} {
				define(t, g, name, retention(1, 0))
				finished(t, g, name, "of-"+name, records.Processed, 1)
			}
			g.exec(t, `create function breakdown() returns trigger language plpgsql as $$ begin `+c.breakdown+`; return old; end $$`)
			g.exec(t, `create trigger breakdown before delete on records for each row when (old.pipeline = 'broken') execute function breakdown()`)
			s := records.NewSweeper(g.base, g.pipelines, func() time.Time { return at(100) })
			var remaining string
			for round := 0; round < c.rounds && remaining != "of-broken"; round++ {
				err := s.Sweep(t.Context())
				if err == nil || !strings.Contains(err.Error(), `"broken"`) {
					t.Fatalf("Sweep = %v, want what is wrong with the one pipeline", err)
				}
				remaining = left(t, g)
			}
			if remaining != "of-broken" {
				t.Errorf("left: %q, want what is broken and nothing else", remaining)
			}
		})
	}
}

func TestSweeperRestsAsLongAsItWorks(t *testing.T) {
	t.Parallel()
	var (
		began, ended time.Time
		rests        int
	)
	forgets := func(statement string) bool { return strings.Contains(statement, "delete from records") }
	g := assemble(tracedWorkers(t, &tracer{
		before: func(ctx context.Context, sql string, _ []any) context.Context {
			if now := time.Now(); forgets(sql) {
				if rest, took := now.Sub(ended), ended.Sub(began); !ended.IsZero() {
					if rest < took {
						t.Errorf("the sweeper rests for %v after a statement of %v", rest, took)
					}
					rests++
				}
				began = now
			}
			return ctx
		},
		after: func(sql string, _ pgconn.CommandTag) {
			if forgets(sql) {
				ended = time.Now()
			}
		},
	}))
	define(t, g, "default", retention(1, 0))
	for i := range 5 {
		finished(t, g, "default", fmt.Sprint(i), records.Processed, 1)
	}
	sweep(t, g, 100, 1)
	if rests != 5 {
		t.Errorf("the sweeper rested %d times, want 5", rests)
	}
}

// tracedWorkers returns the pools of a new database, with what the workers do traced.
func tracedWorkers(t *testing.T, tr *tracer) *postgres.Pools {
	t.Helper()
	return alteredWorkers(t, func(config *pgxpool.Config) { config.ConnConfig.Tracer = tr })
}

// alteredWorkers returns the pools of a new database, with that of the workers as
// it is but for a change.
func alteredWorkers(t *testing.T, change func(*pgxpool.Config)) *postgres.Pools {
	t.Helper()
	pools := open(t, migrated(t))
	config := pools.Workers.Config()
	change(config)
	workers, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(workers.Close)
	return &postgres.Pools{API: pools.API, Workers: workers, Analytics: pools.Analytics}
}
