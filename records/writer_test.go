package records_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"barograph/pipeline"
	"barograph/records"
)

func TestWriterAcceptMakesARecord(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	city := int64(3143244)
	d := draft("a:b/é", "first")
	d.CityID = &city
	got := g.made(t, d)
	want := &records.Record{
		Key: d.Key, Position: got.Position, Payload: d.Payload, CityID: &city, ReceivedAt: noon, Progress: d.Progress,
	}
	if !same(got, want) {
		t.Errorf("Accept = %s, want %s", text(got), text(want))
	}
	found, err := g.store.Find(t.Context(), pipeline.Reach{}, []records.Key{d.Key})
	if err != nil || len(found) != 1 || !same(found[0], want) {
		t.Errorf("Find = %v, %v, want %s", found, err, text(want))
	}
}

func TestWriterAcceptAnswersTheFirstRecordAgain(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	d := draft("a", "same")
	// The database keeps microseconds, and the first answer must not say more.
	d.ReceivedAt = noon.Add(789).In(time.Local)
	first := g.made(t, d)

	again := draft("a", "same")
	again.Payload, again.Result = json.RawMessage(`{"content":"same","id":"a"}`), json.RawMessage(`{"other":"result"}`)
	again.ReceivedAt, again.ProcessedAt = noon.Add(time.Hour), new(noon.Add(2*time.Hour))
	city := int64(1)
	again.CityID = &city
	for range 2 {
		got := g.accept(t, again)
		if !got.Duplicate || got.Refusal != nil || !same(got.Record, first) {
			t.Errorf("Accept again = %+v, want the first record, %s", got, text(first))
		}
	}
	if rows := g.rows(t); rows != 1 {
		t.Errorf("there are %d records, want 1", rows)
	}
}

func TestWriterAcceptRefusesOtherContentAndChangesNothing(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	first := g.made(t, draft("a", "first"))
	for range 2 {
		got := g.accept(t, draft("a", "other"))
		if got.Duplicate || !same(got.Record, first) {
			t.Errorf("Accept of other content = %+v, want the first record, %s", got, text(first))
		}
		checkRefusal(t, got, pipeline.PayloadConflict, "input", "payload", "id")
	}
	found, err := g.store.Find(t.Context(), pipeline.Reach{}, []records.Key{first.Key})
	if err != nil || len(found) != 1 || !same(found[0], first) {
		t.Errorf("Find = %v, %v, want %s", found, err, text(first))
	}
}

func TestWriterAcceptKeepsPipelinesApart(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	if _, err := g.pipelines.Create(t.Context(), "other", nil); err != nil {
		t.Fatalf("create: %v", err)
	}
	d := draft("a", "first")
	g.made(t, d)
	elsewhere := draft("a", "second")
	elsewhere.Pipeline = "other"
	g.made(t, elsewhere)
}

func TestWriterAcceptRefusesAPipelineThatIsNot(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	for _, name := range []string{"missing", "", "Not A Name", "a\x00", "a\xff", strings.Repeat("a", 1<<20)} {
		d := draft("a", "")
		d.Pipeline = name
		got := g.accept(t, d)
		checkRefusal(t, got, pipeline.NotFound, "input", "pipeline")
		if got.Record != nil || got.Duplicate || len(got.Refusal.Message) > 400 {
			t.Errorf("Accept into %.20q = %+v", name, got)
		}
	}
	if rows := g.rows(t); rows != 0 {
		t.Errorf("there are %d records, want none", rows)
	}
}

func TestWriterAcceptRefusesAllThatGoesToAnInactivePipeline(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	first := g.made(t, draft("a", "first"))
	setActive(t, g, false)
	for name, d := range map[string]records.Draft{"new": draft("b", ""), "the same": draft("a", "first"), "in conflict": draft("a", "other")} {
		got := g.accept(t, d)
		if got.Record != nil || got.Duplicate {
			t.Errorf("Accept of what is %s = %+v, want no record", name, got)
		}
		checkRefusal(t, got, pipeline.Inactive, "input", "pipeline")
	}
	setActive(t, g, true)
	if got := g.accept(t, draft("a", "first")); !got.Duplicate || !same(got.Record, first) {
		t.Errorf("Accept once it is active again = %+v, want the first record", got)
	}
	g.made(t, draft("b", ""))
}

func TestWriterAcceptOfOneKeyAtOnceMakesOneRecord(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	d := draft("a", "same")
	got := acceptAll(t, g, slices.Repeat([]records.Draft{d}, 300))
	firsts := 0
	for _, a := range got {
		if !a.Duplicate {
			firsts++
		}
		if a.Refusal != nil || !same(a.Record, got[0].Record) {
			t.Fatalf("one caller got %+v, another %+v", a, got[0])
		}
	}
	if rows := g.rows(t); firsts != 1 || rows != 1 {
		t.Errorf("%d callers made %d records, want 1 and 1", firsts, rows)
	}
}

func TestWriterAcceptOfOneKeyWithManyContentsHasOneWinner(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	drafts := make([]records.Draft, 300)
	for i := range drafts {
		drafts[i] = draft("a", fmt.Sprint(i))
	}
	got := acceptAll(t, g, drafts)
	winner := slices.IndexFunc(got, func(a records.Acceptance) bool { return a.Refusal == nil })
	if winner < 0 {
		t.Fatal("nobody won")
	}
	for i, a := range got {
		if i == winner {
			if a.Duplicate || string(a.Record.Payload) != string(drafts[i].Payload) {
				t.Errorf("the winner got %+v, want a record of its own", a)
			}
			continue
		}
		checkRefusal(t, a, pipeline.PayloadConflict, "input", "payload", "id")
		if a.Duplicate || !same(a.Record, got[winner].Record) {
			t.Errorf("a loser got %+v, want the winner's record, %s", a, text(got[winner].Record))
		}
	}
	if rows := g.rows(t); rows != 1 {
		t.Errorf("there are %d records, want 1", rows)
	}
}

func TestWriterCallersShareCommits(t *testing.T) {
	t.Parallel()
	var statements atomic.Int64
	pools := traced(t, migrated(t), &tracer{after: func(statement string, _ pgconn.CommandTag) {
		if inserts(statement) {
			statements.Add(1) // each is a transaction of its own
		}
	}})
	g := assemble(pools)
	run(t, g.writer)
	const callers = 3000
	drafts := make([]records.Draft, callers)
	for i := range drafts {
		drafts[i] = draft(fmt.Sprint(i), "")
	}
	began := time.Now()
	got := acceptAll(t, g, drafts)
	elapsed := time.Since(began)
	positions := make(map[int64]bool)
	for i, a := range got {
		if a.Record == nil || a.Duplicate || a.Record.Key != drafts[i].Key {
			t.Fatalf("caller %d got %+v, want a record of its own", i, a)
		}
		positions[a.Record.Position] = true
	}
	if rows := g.rows(t); rows != callers || len(positions) != callers {
		t.Errorf("there are %d records at %d positions, want %d", rows, len(positions), callers)
	}
	n := statements.Load()
	t.Logf("%d records in %v and %d commits: %d a commit", callers, elapsed, n, callers/n)
	if n > callers/10 {
		t.Errorf("%d commits for %d callers at once, want at most %d", n, callers, callers/10)
	}
}

func TestWritersOfTwoGatewaysMeetWithoutDeadlock(t *testing.T) {
	t.Parallel()
	database := migrated(t)
	const keys = 1500
	gateways := [2]*gateway{assemble(open(t, database)), assemble(open(t, database))}
	var (
		all      sync.WaitGroup
		accepted [2][]records.Acceptance
	)
	for i, g := range gateways {
		run(t, g.writer)
		drafts := make([]records.Draft, keys)
		for k := range drafts {
			drafts[k] = draft(fmt.Sprintf("%05d", k), "")
		}
		if i == 1 {
			slices.Reverse(drafts)
		}
		all.Go(func() { accepted[i] = acceptAll(t, g, drafts) })
	}
	all.Wait()
	slices.Reverse(accepted[1])
	for k := range keys {
		a, b := accepted[0][k], accepted[1][k]
		if a.Refusal != nil || b.Refusal != nil || a.Duplicate == b.Duplicate || !same(a.Record, b.Record) {
			t.Fatalf("one gateway answered %+v, the other %+v, want one record that one of them made", a, b)
		}
	}
	if rows := gateways[0].rows(t); rows != keys {
		t.Errorf("there are %d records, want %d", rows, keys)
	}
	var deadlocks int
	if err := gateways[0].pools.Analytics.QueryRow(t.Context(),
		`select deadlocks from pg_stat_database where datname = current_database()`).Scan(&deadlocks); err != nil || deadlocks > 0 {
		t.Errorf("the database counts %d deadlocks, %v, want none", deadlocks, err)
	}
}

// acceptAll returns what becomes of drafts sent at once, all of which must be known.
func acceptAll(t *testing.T, g *gateway, drafts []records.Draft) []records.Acceptance {
	t.Helper()
	got := make([]records.Acceptance, len(drafts))
	var all sync.WaitGroup
	for i, d := range drafts {
		all.Go(func() {
			var err error
			if got[i], err = g.writer.Accept(t.Context(), d); err != nil {
				t.Errorf("Accept(%v): %v", d.Key, err)
			}
		})
	}
	all.Wait()
	return got
}

func checkRefusal(t *testing.T, got records.Acceptance, code pipeline.Code, field ...string) {
	t.Helper()
	if got.Refusal == nil || got.Refusal.Code != code || !slices.Equal(got.Refusal.Field, field) {
		t.Errorf("refused with %+v, want %s at %v", got.Refusal, code, field)
	}
}

func setActive(t *testing.T, g *gateway, active bool) {
	t.Helper()
	if _, err := g.pipelines.SetActive(t.Context(), pipeline.Reach{}, pipeline.Default, active); err != nil {
		t.Fatalf("SetActive(%t): %v", active, err)
	}
}
