package postgres_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
)

func TestMigrateTwiceIsOnce(t *testing.T) {
	t.Parallel()
	pools := open(t, postgrestest.Database(t))
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	migrate(t, pools, logger)
	first := schema(t, pools.API)
	if !strings.Contains(log.String(), "00001_pipelines_and_records.sql") {
		t.Errorf("the log says %q, want the migration", log.String())
	}
	log.Reset()
	if _, err := pools.API.Exec(t.Context(), `insert into pipelines (name) values ('kept')`); err != nil {
		t.Fatalf("insert: %v", err)
	}
	migrate(t, pools, logger)
	if again := schema(t, pools.API); again != first {
		t.Errorf("the schema is %s, want it unchanged: %s", again, first)
	}
	if log.Len() > 0 {
		t.Errorf("the log says %q, want nothing", log.String())
	}
	var kept bool
	if err := pools.API.QueryRow(t.Context(), `select exists (select from pipelines where name = 'kept')`).Scan(&kept); err != nil || !kept {
		t.Errorf("the row is there: %t, %v", kept, err)
	}
}

func TestMigrateAtOnceByManyGatewaysHappensOnce(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	const gateways = 4
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		log bytes.Buffer // guarded by mu, through the handler
	)
	began := time.Now()
	for range gateways {
		pools := open(t, database)
		all.Go(func() {
			if err := postgres.Migrate(t.Context(), pools.API, slog.New(slog.NewTextHandler(&locked{mu: &mu, out: &log}, nil))); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	if n := strings.Count(log.String(), "00001_pipelines_and_records.sql"); n != 1 {
		t.Errorf("the migration ran %d times: %s", n, log.String())
	}
	t.Logf("%d gateways migrated in %v", gateways, elapsed)
}

// Whoever comes while another migrates waits for it, and soon notices that it is done.
func TestMigrateWaitsForTheGatewayThatIsAtIt(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	pools := open(t, database)
	conn, err := pools.Analytics.Acquire(t.Context())
	if err != nil {
		t.Fatalf("acquire: %v", err)
	}
	defer conn.Release()
	// The lock of the migrations, which is goose's own.
	if _, err := conn.Exec(t.Context(), `select pg_advisory_lock(4097083626)`); err != nil {
		t.Fatalf("lock: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- postgres.Migrate(t.Context(), pools.API, discard) }()
	const asked = `
		select exists (select from pg_stat_activity where datname = current_database() and query ilike '%pg_try_advisory_lock%' and pid <> pg_backend_pid()),
			to_regclass('records') is not null`
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for waits, present := false, false; !waits; {
		select {
		case err := <-done:
			t.Fatalf("Migrate = %v while another has the lock", err)
		case <-tick.C:
		}
		if err := conn.QueryRow(t.Context(), asked).Scan(&waits, &present); err != nil || present {
			t.Fatalf("the schema is there while another has the lock: %t, %v", present, err)
		}
	}
	if _, err := conn.Exec(t.Context(), `select pg_advisory_unlock(4097083626)`); err != nil {
		t.Fatalf("unlock: %v", err)
	}
	freed := time.Now()
	if err := <-done; err != nil {
		t.Errorf("migrate: %v", err)
	}
	if late := time.Since(freed); late > 4*time.Second {
		t.Errorf("Migrate took %v after the lock was free", late)
	}
}

func TestMigrateLeavesANewerSchemaAsItIs(t *testing.T) {
	t.Parallel()
	pools := open(t, postgrestest.Database(t))
	migrate(t, pools, discard)
	_, err := pools.API.Exec(t.Context(), `
		insert into goose_db_version (version_id, is_applied) values (98, true), (99, true);
		alter table records add column of_the_future text not null default 'x'`)
	if err != nil {
		t.Fatalf("make the schema newer: %v", err)
	}
	newer := schema(t, pools.API)
	migrate(t, pools, discard)
	if got := schema(t, pools.API); got != newer {
		t.Errorf("the schema is %s, want it left as it was: %s", got, newer)
	}
	if _, err := pools.API.Exec(t.Context(), `insert into pipelines (name) values ('served')`); err != nil {
		t.Errorf("the newer schema is not served: %v", err)
	}
}

func TestMigrateSaysWhatItWasDoing(t *testing.T) {
	t.Parallel()
	pools := open(t, postgrestest.Database(t))
	if err := postgres.Migrate(ended(t), pools.API, discard); err == nil || !strings.HasPrefix(err.Error(), "migrate the database: ") {
		t.Errorf("Migrate past the deadline = %v, want an error that says what it was doing", err)
	}
	if err := pools.Ping(t.Context()); err != nil {
		t.Errorf("Ping after Migrate failed: %v, want the pool to be as good as before", err)
	}
}

func migrate(t *testing.T, pools *postgres.Pools, logger *slog.Logger) {
	t.Helper()
	if err := postgres.Migrate(t.Context(), pools.API, logger); err != nil {
		t.Fatalf("migrate: %v", err)
	}
}

// schema returns the columns, indexes and applied migrations, as one text.
func schema(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var columns, indexes, versions string
	err := pool.QueryRow(t.Context(), `
		select
			(select string_agg(table_name || '.' || column_name || ' ' || data_type, ', ' order by table_name, ordinal_position)
				from information_schema.columns where table_schema = 'public'),
			(select string_agg(indexdef, ', ' order by indexdef) from pg_indexes where schemaname = 'public'),
			(select string_agg(id || '=' || version_id, ', ' order by id) from goose_db_version)`).Scan(&columns, &indexes, &versions)
	if err != nil {
		t.Fatalf("read the schema: %v", err)
	}
	return fmt.Sprint(columns, "; ", indexes, "; ", versions)
}

// locked lets several loggers write to one place.
type locked struct {
	mu  *sync.Mutex
	out *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}
