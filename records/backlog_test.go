package records_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/postgres"
	"barograph/pipeline"
	"barograph/records"
)

// What is unfinished is counted by the indexes of it, however many records are
// finished, and whether or not Postgres knows how they are spread.
func TestWhatIsUnfinishedIsCountedByItsIndexes(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		asked = map[string][]any{} // guarded by mu: the arguments of each statement
	)
	watch := &tracer{before: func(ctx context.Context, sql string, args []any) context.Context {
		if strings.Contains(sql, ") unfinished") && !strings.HasPrefix(sql, "explain") {
			mu.Lock()
			defer mu.Unlock()
			asked[sql] = args
		}
		return ctx
	}}
	pools := open(t, migrated(t))
	watched := func(pool *pgxpool.Pool) *pgxpool.Pool {
		config := pool.Config()
		config.ConnConfig.Tracer = watch
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		return pool
	}
	g := assemble(&postgres.Pools{API: pools.API, Workers: watched(pools.Workers), Analytics: watched(pools.Analytics)})
	many(t, g)
	g.exec(t, `
		insert into records (pipeline, payload_id, fingerprint, state, payload, pipeline_version, received_at, ordering_key, next_attempt_at, lease, lease_until)
		select 'p' || n % 8, state || key || n, sha256(''), state, '{}', 1, $1, case key when 'ordered' then 'key-' || n % 10 end,
			case when state <> 'PROCESSING' then $1::timestamptz end, case when state = 'PROCESSING' then 1 end, case when state = 'PROCESSING' then $1::timestamptz end
		from generate_series(1, 40) n, unnest('{QUEUED,RETRYING,PROCESSING}'::text[]) state, unnest('{ordered,free}'::text[]) key`, noon)
	const unfinished = 40 * 3 * 2

	if n, err := records.NewQueue(g.base).Backlog(t.Context(), 1000); err != nil || n != unfinished {
		t.Errorf("Backlog = %d, %v, want %d", n, err, unfinished)
	}
	if n, err := records.NewQueue(g.base).Backlog(t.Context(), 70); err != nil || n != 70 {
		t.Errorf("Backlog = %d, %v, want no more than the limit of 70", n, err)
	}
	stats, err := g.store.Stats(t.Context(), pipeline.Reach{}, "p7", noon, noon)
	if err != nil || stats.Backlog() != unfinished/8 || stats.Queued != stats.Retrying || stats.Queued != stats.Processing || stats.Oldest == nil {
		t.Errorf("Stats = %+v, %v, want %d unfinished", stats, err, unfinished/8)
	}
	if err := records.NewTally(g.base).Count(t.Context()); err != nil {
		t.Errorf("Count: %v", err)
	}
	if len(asked) != 3 {
		t.Fatalf("%d statements count, want 3: %q", len(asked), slices.Collect(maps.Keys(asked)))
	}
	for range 2 {
		for statement, args := range asked {
			plan := explain(t, g, statement, args)
			others := plan.find(func(n node) bool {
				return n.Type == "Seq Scan" || n.Index != "" && !slices.Contains([]string{"records_due", "records_ordered", "records_leased"}, n.Index)
			})
			if others != nil {
				t.Errorf("%s\nmakes Postgres %+v", statement, *others)
			}
		}
		g.exec(t, `analyze records`)
	}
}
