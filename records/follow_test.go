package records_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/records"
)

// take returns the next changes, which must come.
func take(t *testing.T, s *records.Subscription, n int) []records.Change {
	t.Helper()
	taken := make([]records.Change, n)
	for i := range taken {
		taken[i] = next(t, s)
	}
	return taken
}

// quiet fails the test if the feed tells of anything in a while.
func quiet(t *testing.T, s *records.Subscription) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if c, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the feed told of %+v, %v, want nothing yet", c.Record, err)
	}
}

// order orders changes as the feed does.
func order(a, b records.Change) int {
	return cmp.Or(cmp.Compare(a.Transaction, b.Transaction), cmp.Compare(a.Position, b.Position))
}

func places(changes []records.Change) []records.Bookmark {
	all := make([]records.Bookmark, len(changes))
	for i, c := range changes {
		all[i] = c.Bookmark
	}
	return all
}

func toldOf(changes []records.Change) []string {
	all := make([]string, len(changes))
	for i, c := range changes {
		all[i] = c.Record.PayloadID
	}
	return all
}

// drafts returns so many with ids that begin alike.
func drafts(prefix string, n int) []records.Draft {
	all := make([]records.Draft, n)
	for i := range all {
		all[i] = draft(fmt.Sprint(prefix, i), "")
	}
	return all
}

func readsChanges(statement string) bool {
	return strings.Contains(statement, "(changed_in, position) > ")
}

// many makes records in one transaction of somebody else's.
func (g *gateway) many(t *testing.T, n int) {
	t.Helper()
	g.exec(t, `
		insert into records (pipeline, payload_id, fingerprint, state, payload, result, pipeline_version, received_at, processed_at)
		select 'default', 'many-' || i, sha256(i::text::bytea), 'PROCESSED', '{}', '{}', 1, now(), now() from generate_series(1, $1) i`, n)
}

// states returns every record's.
func (g *gateway) states(t *testing.T) map[string]records.State {
	t.Helper()
	rows, err := g.pools.Analytics.Query(t.Context(), `select payload_id, state from records`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]records.State{}
	var (
		id    string
		state records.State
	)
	if _, err := pgx.ForEachRow(rows, []any{&id, &state}, func() error { all[id] = state; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// disturb makes and changes records in transactions that take their time, and
// some of which come to nothing.
func disturb(t *testing.T, g *gateway, number uint64, source int) {
	random := rand.New(rand.NewPCG(number, uint64(source)))
	for i := range 40 {
		tx, err := g.pools.Analytics.Begin(t.Context())
		if err != nil {
			t.Errorf("begin: %v", err)
			return
		}
		for k := range 1 + random.IntN(3) {
			insert(t, tx, draft(fmt.Sprintf("disturbing-%d-%d-%d", source, i, k), ""))
		}
		// One record at a time, so that two of these never wait in a circle.
		_, err = tx.Exec(t.Context(), `
			update records set state = $1, changed_in = pg_current_xact_id(), next_attempt_at = case when $1 = 'RETRYING' then now() end
			where pipeline = 'default' and payload_id = $2`,
			[]records.State{records.Dead, records.Skipped, records.Retrying}[random.IntN(3)], fmt.Sprint("here", random.IntN(300)))
		if err != nil {
			t.Errorf("change: %v", err)
		}
		if random.IntN(4) == 0 {
			g.exec(t, `select pg_sleep(0.02)`)
		}
		end := tx.Commit
		if random.IntN(5) == 0 {
			end = tx.Rollback
		}
		if err := end(t.Context()); err != nil {
			t.Errorf("end: %v", err)
		}
	}
}

// last is the id of the record that nothing changes after.
const last = "last"

// follow subscribes after a bookmark, again and again, now here, now there, until
// the last record is told. It returns what was told last of each.
func follow(t *testing.T, gateways []*gateway, at records.Bookmark, number uint64) map[string]records.State {
	t.Helper()
	random := rand.New(rand.NewPCG(number, 99))
	told := map[string]records.State{}
	for {
		s := gateways[random.IntN(len(gateways))].subscribe(t, records.Interest{}, &at)
		for range 1 + random.IntN(60) {
			c := next(t, s)
			if order(c, records.Change{Bookmark: at}) <= 0 || c.Epoch != at.Epoch { // which a repetition would fail, too
				t.Fatalf("the change at %+v came after %+v", c.Bookmark, at)
			}
			at, told[c.Record.PayloadID] = c.Bookmark, c.Record.State
			if c.Record.PayloadID == last {
				return told
			}
		}
		s.Close()
	}
}
