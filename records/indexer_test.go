package records_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/records"
)

// A clock is one that a test turns.
type clock struct {
	mu sync.Mutex
	at time.Time // guarded by mu
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// reconcile lets the indexer do its work, which must succeed.
func reconcile(t *testing.T, x *records.Indexer) {
	t.Helper()
	if err := x.Reconcile(t.Context()); err != nil {
		t.Fatalf("Reconcile: %v", err)
	}
}

const (
	ranged   = `{"attributes":{"total":{"expression":"payload.total","type":"NUMBER","range":true},"status":{"expression":"payload.status","type":"STRING"}}}`
	unranged = `{"attributes":{"total":{"expression":"payload.total","type":"NUMBER"}}}`
)

func TestIndexerMakesWhatIsDeclaredAndDropsItLater(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	attributed(t, g, `{"total": 5}`, `{"total": "none"}`, `{"total": 1e400}`, `{"total": `+strings.Repeat("9", 5000)+`}`, "")
	hours := &clock{at: noon}
	x := records.NewIndexer(g.base, g.pipelines, hours.now)
	reconcile(t, x)
	if got := rangeIndexes(t, g); len(got) != 0 {
		t.Fatalf("indexes = %v before any is declared", got)
	}
	define(t, g, "default", ranged)
	define(t, g, "other", ranged)
	reconcile(t, x)
	first := rangeIndexes(t, g)
	if len(first) != 2 {
		t.Fatalf("indexes = %v, want one for each pipeline", first)
	}
	reconcile(t, x)
	if got := rangeIndexes(t, g); !maps.Equal(got, first) {
		t.Errorf("indexes = %v the second time, want %v", got, first)
	}

	define(t, g, "other", unranged)
	reconcile(t, x)
	hours.advance(59 * time.Minute)
	reconcile(t, x)
	if got := rangeIndexes(t, g); !maps.Equal(got, first) {
		t.Errorf("indexes = %v soon after one is no longer declared, want %v", got, first)
	}
	define(t, g, "other", ranged) // it comes back, and its time begins anew
	reconcile(t, x)
	define(t, g, "other", unranged)
	hours.advance(2 * time.Minute)
	reconcile(t, x)
	if got := rangeIndexes(t, g); !maps.Equal(got, first) {
		t.Errorf("indexes = %v after a definition came back for a while, want %v", got, first)
	}
	hours.advance(61 * time.Minute)
	reconcile(t, x)
	if got := rangeIndexes(t, g); len(got) != 1 {
		t.Errorf("indexes = %v, want the one that is declared", got)
	}
}

func TestIndexerMakesAnInvalidIndexAnew(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	define(t, g, "default", ranged)
	x := records.NewIndexer(g.base, g.pipelines, time.Now)
	reconcile(t, x)
	name := slices.Collect(maps.Keys(rangeIndexes(t, g)))[0]
	// As a build leaves it that is interrupted.
	g.exec(t, `update pg_index set indisvalid = false where indexrelid = $1::text::regclass`, name)
	reconcile(t, x)
	if got := rangeIndexes(t, g); len(got) != 1 || !got[name] {
		t.Errorf("indexes = %v, want %s, valid", got, name)
	}
}

func TestIndexerBuildsWithoutHoldingUpWriters(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	define(t, g, "default", ranged)
	tx := g.begin(t) // which the build has to wait for
	insert(t, tx, draft("held", ""))
	x := records.NewIndexer(g.base, g.pipelines, time.Now)
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { done <- x.Reconcile(ctx) }()
	eventually(t, "the build is under way", func() bool { return len(rangeIndexes(t, g)) == 1 })
	g.made(t, draft("meanwhile", ""))
	// Another node leaves it alone.
	reconcile(t, records.NewIndexer(g.base, g.pipelines, time.Now))
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatalf("Reconcile: %v", err)
	}
	for name, whole := range rangeIndexes(t, g) {
		if !whole {
			t.Errorf("%s is not whole", name)
		}
	}
}

func TestIndexerMakesNoMoreIndexesThanThereMayBe(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	var log bytes.Buffer
	g.base.Logger = slog.New(slog.NewTextHandler(&log, nil))
	hours := &clock{at: noon}
	x := records.NewIndexer(g.base, g.pipelines, hours.now)
	x.SetMost(2)
	define(t, g, "b", ranged)
	define(t, g, "c", ranged)
	reconcile(t, x)
	first := rangeIndexes(t, g)
	if len(first) != 2 || log.Len() > 0 {
		t.Fatalf("indexes = %v, log: %s, want as many as there may be", first, &log)
	}
	define(t, g, "a", ranged)
	for range 2 {
		reconcile(t, x)
		if got := rangeIndexes(t, g); !maps.Equal(got, first) {
			t.Errorf("indexes = %v with a range more, want %v still", got, first)
		}
	}
	if got := log.String(); strings.Count(got, "WARN") != 1 || !strings.Contains(got, "pipeline=a attribute=total") {
		t.Errorf("log: %s, want one warning, of the one that is refused", got)
	}
	define(t, g, "b", unranged)
	reconcile(t, x)
	hours.advance(61 * time.Minute)
	reconcile(t, x) // drops one
	reconcile(t, x) // and has room
	if got := rangeIndexes(t, g); len(got) != 2 || maps.Equal(got, first) {
		t.Errorf("indexes = %v, want another one than %v in its place", got, first)
	}
}

// All connections but one may be somebody else's.
func TestUpkeepNeedsOneConnection(t *testing.T) {
	t.Parallel()
	g := assemble(alteredWorkers(t, func(config *pgxpool.Config) { config.MaxConns = 1 }))
	define(t, g, "default", `{"retention":{"processedSeconds":60},"attributes":{"total":{"expression":"payload.total","type":"NUMBER","range":true}}}`)
	finished(t, g, "default", "a", records.Processed, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := records.NewIndexer(g.base, g.pipelines, time.Now).Reconcile(ctx); err != nil || len(rangeIndexes(t, g)) != 1 {
		t.Errorf("Reconcile: %v", err)
	}
	if err := records.NewSweeper(g.base, g.pipelines, time.Now).Sweep(ctx); err != nil || g.rows(t) != 0 {
		t.Errorf("Sweep: %v", err)
	}
}

// Names in a definition reach the statement that makes an index.
func TestIndexerQuotesWhatItIsGiven(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	for _, name := range []string{`it's`, `a"b`, `a\b`, `'); drop table records; --`, `é😀`, `$1`, strings.Repeat("x", 256)} {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		define(t, g, "default", `{"attributes":{`+string(quoted)+`:{"expression":"1","type":"NUMBER","range":true}}}`)
		x := records.NewIndexer(g.base, g.pipelines, time.Now)
		before := len(rangeIndexes(t, g))
		reconcile(t, x)
		if got := rangeIndexes(t, g); len(got) != before+1 {
			t.Errorf("%q: indexes = %v, want one more than %d", name, got, before)
		}
	}
	if n := g.rows(t); n != 0 {
		t.Errorf("%d records", n)
	}
}
