package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"barograph/internal/audit"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/internal/requestid"
	"barograph/pipeline"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var silent = slog.New(slog.DiscardHandler)

// open returns the pools of a new, migrated database, and a store in it.
func open(t *testing.T) (*postgres.Pools, *audit.Store) {
	t.Helper()
	pools, err := postgres.Open(context.Background(), postgrestest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pools.Close)
	if err := postgres.Migrate(t.Context(), pools.API, silent); err != nil {
		t.Fatal(err)
	}
	return pools, audit.NewStore(pools, silent)
}

// write writes changes down, each in a transaction.
func write(ctx context.Context, t *testing.T, pools *postgres.Pools, changes ...audit.Change) {
	t.Helper()
	for _, c := range changes {
		if err := pgx.BeginFunc(ctx, pools.API, func(tx pgx.Tx) error { return audit.Write(ctx, tx, c) }); err != nil {
			t.Fatal(err)
		}
	}
}

func page(t *testing.T, s *audit.Store, f audit.Filter, r audit.Range) []*audit.Event {
	t.Helper()
	if r.Limit == 0 {
		r.Limit = 1000
	}
	found, err := s.Page(t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// targets are those of events, in order.
func targets(events []*audit.Event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.Target)
	}
	return strings.Join(all, " ")
}

func TestAnEventSaysWhoDidWhatByWhichRequest(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	var ctx context.Context
	requestid.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() })).
		ServeHTTP(httptest.NewRecorder(), &http.Request{Header: http.Header{requestid.Header: {"abc"}}})
	write(audit.By(ctx, audit.Actor{Name: "ada", Kind: "token"}), t, pools,
		audit.ToPipeline(audit.UpdatePipeline, "orders", map[string]int{"fromVersion": 1, "toVersion": 2}))
	write(t.Context(), t, pools, audit.Change{Action: audit.RevokeAPIKey, Target: audit.Target{Kind: "ApiKey", Name: "k"}, Details: struct{}{}})
	events := page(t, store, audit.Filter{}, audit.Range{})
	if len(events) != 2 {
		t.Fatalf("%d events, want 2", len(events))
	}
	e := events[1]
	if e.Actor != "ada" || e.ActorKind != "token" || *e.RequestID != "abc" || e.Action != audit.UpdatePipeline || e.TargetOf != "Pipeline" ||
		e.Target != "orders" || *e.Pipeline != "orders" || string(e.Details) != `{"toVersion": 2, "fromVersion": 1}` || time.Since(e.At) > time.Minute {
		t.Errorf("event = %+v", e)
	}
	if e := events[0]; e.Actor != "nobody" || e.RequestID != nil || e.Pipeline != nil || e.TargetOf != "ApiKey" || string(e.Details) != `{}` {
		t.Errorf("event = %+v", e)
	}
}

func TestWhatDoesNotComeAboutIsNotWrittenDown(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	refused := errors.New("no")
	err := pgx.BeginFunc(t.Context(), pools.API, func(tx pgx.Tx) error {
		return errors.Join(audit.Write(t.Context(), tx, audit.ToPipeline(audit.CreatePipeline, "x", nil)), refused)
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if found := page(t, store, audit.Filter{}, audit.Range{}); len(found) != 0 {
		t.Errorf("events = %v", targets(found))
	}
}

func TestWhatIsWrittenDownStays(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	write(t.Context(), t, pools, audit.ToPipeline(audit.CreatePipeline, "x", nil))
	for _, statement := range []string{
		`update audit_events set actor = 'another'`, `delete from audit_events`, `truncate audit_events`, `delete from audit_events where false`,
		`set barograph.sweeps_audit_events = on; update audit_events set actor = 'another'`,
		`set barograph.sweeps_audit_events = on; truncate audit_events`,
		`set barograph.sweeps_audit_events = on; delete from audit_events`,
	} {
		var refusal *pgconn.PgError
		if _, err := pools.API.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); !errors.As(err, &refusal) || refusal.Code != "42501" {
			t.Errorf("%s: %v, want it refused", statement, err)
		}
	}
	if found := page(t, store, audit.Filter{}, audit.Range{}); targets(found) != "x" || found[0].Actor != "nobody" {
		t.Errorf("events = %+v", found)
	}
}

func TestWhatIsPastItsRetentionIsForgotten(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	const many = 12_000
	if _, err := pools.API.Exec(t.Context(), `
		insert into audit_events (at, actor, actor_kind, action, target_kind, target, details)
		select now() - interval '100 days' + n * interval '1 second', 'a', 'b', 'CREATE_API_KEY', 'ApiKey', 'old', '{}' from generate_series(1, $1) n`, many); err != nil {
		t.Fatal(err)
	}
	write(t.Context(), t, pools, audit.ToPipeline(audit.CreatePipeline, "new", nil))
	count := func() int {
		n, err := store.Count(t.Context(), audit.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := audit.NewSweeper(pools, silent, time.Now, 0).Run(t.Context()); err != nil || count() != many+1 {
		t.Errorf("Run for ever: %v, %d left, want all", err, count())
	}
	if err := audit.NewSweeper(pools, silent, time.Now, 101*24*time.Hour).Sweep(t.Context()); err != nil || count() != many+1 {
		t.Errorf("Sweep: %v, %d left, want all", err, count())
	}
	if err := audit.NewSweeper(pools, silent, time.Now, 90*24*time.Hour).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := page(t, store, audit.Filter{}, audit.Range{}); targets(found) != "new" {
		t.Errorf("events left: %.100s", targets(found))
	}
}

func TestPagesFollowTheFilterAndTheRange(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	by := func(name string) context.Context { return audit.By(t.Context(), audit.Actor{Name: name, Kind: "key"}) }
	write(by("ada"), t, pools, audit.ToPipeline(audit.CreatePipeline, "a", nil), audit.ToPipeline(audit.CreatePipeline, "b", nil))
	write(by("ben"), t, pools, audit.ToPipeline(audit.UpdatePipeline, "a", nil), audit.Change{Action: audit.CreateAPIKey, Target: audit.Target{Kind: "ApiKey", Name: "k"}})
	all := page(t, store, audit.Filter{}, audit.Range{})
	third := all[1].At
	for want, f := range map[string]audit.Filter{
		"k a b a":   {},
		"b a":       {Actor: new("ada")},
		"k a":       {Actor: new("ben")},
		"a":         {Action: new(audit.UpdatePipeline)},
		"a a":       {Pipeline: new("a")},
		"k a ":      {Since: &third},
		"b a ":      {Before: &third},
		"":          {Actor: new("ada"), Since: &third},
		" ":         {Actor: new("nobody\x00")},
		"a  ":       {Actor: new("ben"), Action: new(audit.UpdatePipeline), Pipeline: new("a"), Since: &third, Before: &all[0].At},
		"a b a":     {Within: []string{"a", "b"}},
		"b":         {Within: []string{"b%"}},
		"  ":        {Within: []string{"c"}},
		"   ":       {Within: []string{}},
		"a a      ": {Within: []string{"a%"}},
	} {
		want = strings.TrimRight(want, " ")
		if got := targets(page(t, store, f, audit.Range{})); got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
		if n, err := store.Count(t.Context(), f); err != nil || n != len(strings.Fields(want)) {
			t.Errorf("%+v: Count = %d, %v, want %d", f, n, err, len(strings.Fields(want)))
		}
	}
	at := func(i int) *audit.Cursor { return new(all[i].Cursor()) }
	for want, r := range map[string]audit.Range{
		"k a":  {Limit: 2},
		"b a":  {After: at(1)},
		"a b":  {Limit: 2, FromEnd: true},
		"k":    {Before: at(1)},
		"a b ": {After: at(0), Before: at(3)},
	} {
		if got := targets(page(t, store, audit.Filter{}, r)); got != strings.TrimSpace(want) {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}

// TestWhoIsNarrowedSeesWhatTheyCover holds SQL to what a reach says of itself.
func TestWhoIsNarrowedSeesWhatTheyCover(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	var reaches []pipeline.Reach
	for _, patterns := range [][]string{nil, {"a*"}, {"ab"}, {"ab*"}, {"ab-*"}, {"ab-c"}, {"ab", "b*"}, {"b"}, {"ab", "ab-c", "b"}, {"a-b", "ab-cd*"}} {
		r, err := pipeline.ParseReach(patterns)
		if err != nil {
			t.Fatal(err)
		}
		reaches = append(reaches, r)
		name := fmt.Sprint(len(reaches) - 1)
		write(t.Context(), t, pools, audit.Change{Action: audit.CreateAPIKey, Target: audit.Target{Kind: "ApiKey", Name: name}, Reach: r.Patterns()})
	}
	for _, who := range reaches {
		var want []string
		for i, of := range reaches {
			if who.Covers(of) {
				want = append(want, fmt.Sprint(i))
			}
		}
		slices.Reverse(want)
		if got := targets(page(t, store, audit.Filter{Within: who.Like()}, audit.Range{})); got != strings.Join(want, " ") {
			t.Errorf("%v sees %s, want %v", who.Patterns(), got, want)
		}
	}
}

func TestEventsAtOnceAreAllThere(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	const writers, each = 8, 25
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for range each {
				write(audit.By(t.Context(), audit.Actor{Name: fmt.Sprint(i), Kind: "key"}), t, pools, audit.ToPipeline(audit.ReplayRecords, "x", nil))
			}
		})
	}
	all.Wait()
	seen := map[int64]bool{}
	var stretch audit.Range
	for stretch.Limit = 7; ; {
		found := page(t, store, audit.Filter{}, stretch)
		if len(found) == 0 {
			break
		}
		for _, e := range found {
			seen[e.ID] = true
		}
		stretch.After = new(found[len(found)-1].Cursor())
	}
	if len(seen) != writers*each {
		t.Errorf("a walk meets %d events, want %d", len(seen), writers*each)
	}
}

// TestPagesAreReadFromIndexes explains the page of each filter, among many events.
func TestPagesAreReadFromIndexes(t *testing.T) {
	t.Parallel()
	pools, store := open(t)
	if _, err := pools.API.Exec(t.Context(), `
		insert into audit_events (at, actor, actor_kind, action, target_kind, target, pipeline, reach, details)
		select now() - n * interval '1 minute', 'actor ' || n % 97, 'key', 'ACTION_' || n % 101, 'Pipeline', 'p' || n % 89, 'p' || n % 89, array['p' || n % 89], '{}'
		from generate_series(1, 50000) n`); err != nil {
		t.Fatal(err)
	}
	if _, err := pools.API.Exec(t.Context(), `analyze audit_events`); err != nil {
		t.Fatal(err)
	}
	since, before := time.Now().Add(-20*24*time.Hour), time.Now().Add(-10*24*time.Hour)
	cursor := &audit.Cursor{At: before, ID: 10}
	for want, f := range map[string]audit.Filter{
		"audit_events_by_time":     {},
		"audit_events_by_time ":    {Since: &since, Before: &before},
		"audit_events_by_time  ":   {Within: []string{"p1%"}},
		"audit_events_by_actor":    {Actor: new("actor 7")},
		"audit_events_by_action":   {Action: new(audit.Action("ACTION_3"))},
		"audit_events_by_pipeline": {Pipeline: new("p5")},
	} {
		for _, r := range []audit.Range{{Limit: 21}, {Limit: 21, After: cursor}, {Limit: 21, FromEnd: true}, {Limit: 21, Before: cursor, FromEnd: true}} {
			query, args := audit.PageQuery(f, r)
			rows, err := pools.API.Query(t.Context(), "explain "+query, args...)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			plan := strings.Join(lines, "\n")
			if !strings.Contains(plan, "using "+strings.TrimSpace(want)+" ") || strings.Contains(plan, "Sort") {
				t.Errorf("%+v %+v is not read by %s:\n%s", f, r, want, plan)
			}
		}
	}
	if found := page(t, store, audit.Filter{Pipeline: new("p5"), Actor: new("actor 7")}, audit.Range{}); len(found) == 0 {
		t.Error("no event meets two conditions")
	}
}
