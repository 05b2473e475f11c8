package records_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"barograph/internal/seal"
	"barograph/records"
)

func TestRotationUnderLoadFailsNoRead(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	nodes := []*sealedGateway{sealing(t, database, source), sealing(t, database, source)}
	for _, g := range nodes {
		g.vault.Hurry()
		run(t, g.vault)
	}
	var (
		clients sync.WaitGroup
		stop    = make(chan struct{})
		written atomic.Int64
	)
	for client := range 8 {
		clients.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				d := draft(fmt.Sprintf("%d-%d", client, i), secret)
				nodes[client%2].made(t, d)
				nodes[(client+1)%2].reads(t, d) // the other one may not have seen the rotation
				nodes[client%2].reads(t, draft(fmt.Sprintf("%d-%d", client, i/2), secret))
				written.Add(1)
			}
		})
	}
	var primary seal.KeyID
	for range 3 {
		goal := written.Load() + 100
		eventually(t, "work goes on", func() bool { return written.Load() >= goal })
		primary = rotate(t, source)
	}
	goal := written.Load() + 100
	eventually(t, "work goes on", func() bool { return written.Load() >= goal })
	close(stop)
	clients.Wait()
	eventually(t, "every record is sealed by the last key", func() bool {
		by := nodes[0].sealedBy(t)
		return len(by) == 1 && by[primary] > 0
	})
	if by := nodes[1].sealedBy(t)[primary]; by != written.Load() {
		t.Errorf("%d records are sealed by the last key, want %d", by, written.Load())
	}
	if strings.Contains(nodes[0].stored(t), secret) {
		t.Error("the database has a payload in the clear")
	}
	t.Logf("%d records written and read through 3 rotations", written.Load())
}

func TestAnyGatewayGoesOnWithARotation(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	g := sealing(t, database, source)
	const count = 2*records.WalkRows + 100
	var all sync.WaitGroup
	for i := range count {
		all.Go(func() { g.made(t, draft(fmt.Sprint(i), "")) })
	}
	all.Wait()
	before := g.places(t)
	primary := rotate(t, source)
	first, second := sealing(t, database, source), sealing(t, database, source)
	for _, what := range []string{"the known text", "some records"} {
		if !first.vault.Step(t.Context()) {
			t.Fatalf("%s: there is nothing to do", what)
		}
	}
	if by := g.sealedBy(t)[primary]; by != records.WalkRows {
		t.Errorf("after a step, %d records are sealed anew, want %d", by, records.WalkRows)
	}
	steps := 0
	for second.vault.Step(t.Context()) {
		steps++
	}
	if by := g.sealedBy(t); by[primary] != count || len(by) != 1 {
		t.Errorf("in the end, records are sealed by %v, want %d by %v", by, count, primary)
	}
	// The rest of the first walk and its end, and a second walk that finds nothing.
	if steps != 2+1+3+1 {
		t.Errorf("the second gateway took %d steps, want 7", steps)
	}
	if g.places(t) != before {
		t.Error("sealing anew has changed places in the feed")
	}
	if first.vault.Step(t.Context()) {
		t.Error("there is still something to do")
	}
	g.reads(t, draft("7", "")) // with the keyset of before, until it looks
}

func TestRotationLeavesWhatSomebodyWorksOnAndWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	g := sealing(t, database, source)
	for _, id := range []string{"a", "b", "c"} {
		g.made(t, draft(id, ""))
	}
	g.exec(t, `update records set payload = set_byte(payload, 20, get_byte(payload, 20) # 1) where payload_id = 'b'`)
	tx := g.begin(t)
	if _, err := tx.Exec(t.Context(), `select from records where payload_id = 'c' for update`); err != nil {
		t.Fatal(err)
	}
	old, primary := g.vault.Keys().Keyset().Primary(), rotate(t, source)
	second := sealing(t, database, source)
	second.vault.Step(t.Context())
	second.vault.Step(t.Context())
	if by := g.sealedBy(t); by[primary] != 1 || by[old] != 2 {
		t.Errorf("records are sealed by %v, want 1 by %v and 2 by %v", by, primary, old)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for second.vault.Step(t.Context()) {
	}
	if by := g.sealedBy(t); by[primary] != 2 || by[old] != 1 {
		t.Errorf("in the end, records are sealed by %v, want 2 by %v and 1 by %v", by, primary, old)
	}
	g.reads(t, draft("c", ""))
}

func TestGatewayThatIsBehindUndoesNoRotation(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	keys, err := source.Load()
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := keys.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	copied := keysetFile(t)
	for _, s := range []seal.Source{source, copied} {
		if _, err := s.Change(func(*seal.Keyset) (*seal.Keyset, error) { return prepared, nil }); err != nil {
			t.Fatal(err)
		}
	}
	ahead, behind := sealing(t, database, source), sealing(t, database, copied)
	behind.made(t, draft("a", ""))
	primary := rotate(t, source)
	ahead.vault.Keys().Look()
	for range 10 {
		ahead.vault.Step(t.Context())
		behind.vault.Step(t.Context())
	}
	if by := ahead.sealedBy(t); by[primary] != 1 || len(by) != 1 {
		t.Errorf("records are sealed by %v, want all by %v", by, primary)
	}
	ahead.made(t, draft("b", ""))
	behind.reads(t, draft("a", ""))
	behind.reads(t, draft("b", ""))
	if _, err := openVault(t.Context(), behind.pools, copied); err != nil {
		t.Errorf("a gateway with the prepared key does not start: %v", err)
	}
}

func TestAPreparedKeyIsNothingToSealAnewFor(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	if _, err := source.Change((*seal.Keyset).Prepare); err != nil {
		t.Fatal(err)
	}
	g := sealing(t, database, source)
	g.made(t, draft("a", ""))
	if g.vault.Step(t.Context()) {
		t.Error("records are gone through before a key has sealed any that is not the primary")
	}
	rotate(t, source)
	g.vault.Keys().Look()
	if !g.vault.Step(t.Context()) {
		t.Error("records are not gone through once the prepared key seals")
	}
}

func TestRotationRestsFourTimesAsLongAsItWorks(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	g := sealing(t, database, source)
	var all sync.WaitGroup
	for i := range 2 * records.WalkRows {
		all.Go(func() { g.made(t, draft(fmt.Sprint(i), "")) })
	}
	all.Wait()
	rotate(t, source)
	var (
		began, ended time.Time
		rests        int
		enough       = make(chan struct{})
	)
	vault, err := openVault(t.Context(), traced(t, database, &tracer{
		before: func(ctx context.Context, sql string, _ []any) context.Context {
			if now := time.Now(); sql == "begin" {
				if rest, took := now.Sub(ended), ended.Sub(began); !ended.IsZero() {
					if rest < min(4*took, time.Second) {
						t.Errorf("the vault rests for %v after work of %v", rest, took)
					}
					if rests++; rests == 3 { // the known text, and two stretches
						close(enough)
					}
				}
				began = now
			}
			return ctx
		},
		after: func(sql string, _ pgconn.CommandTag) {
			if sql == "commit" {
				ended = time.Now()
			}
		},
	}), source)
	if err != nil {
		t.Fatal(err)
	}
	run(t, vault)
	select {
	case <-enough:
	case <-time.After(patience):
		t.Error("the vault does nothing")
	}
}
