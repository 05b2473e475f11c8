package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/pipeline"
	"barograph/records"
)

func TestMain(m *testing.M) {
	// Times must read the same on a machine that is not in UTC.
	time.Local = time.FixedZone("elsewhere", 5*3600+1800)
	postgrestest.Main(m)
}

// patience bounds what a test waits for something that must happen.
const patience = 30 * time.Second

var (
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	discard = slog.New(slog.DiscardHandler)
)

// A gateway has the parts under test, on a database.
type gateway struct {
	url       string // of the database, where the test needs it
	base      *records.Base
	pools     *postgres.Pools
	pipelines *pipeline.Store
	feed      *records.Feed
	writer    *records.Writer
	store     *records.Store
}

// migrated returns the URL of a database of the test's own, with its schema.
func migrated(t testing.TB) string {
	t.Helper()
	database := postgrestest.Database(t)
	pools := open(t, database)
	if err := postgres.Migrate(t.Context(), pools.API, discard); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return database
}

func open(t testing.TB, database string) *postgres.Pools {
	t.Helper()
	pools, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(pools.Close)
	return pools
}

// assemble returns a gateway on the pools, which does not run yet.
func assemble(pools *postgres.Pools) *gateway {
	base := &records.Base{Pools: pools, Sealer: unsealed{}, Logger: discard}
	feed := records.NewFeed(base)
	return &gateway{
		base: base, pools: pools, pipelines: pipeline.NewStore(pools, discard), feed: feed,
		writer: records.NewWriter(base), store: records.NewStore(base),
	}
}

// newGateway returns a running gateway on a database of the test's own.
func newGateway(t *testing.T) *gateway {
	t.Helper()
	database := migrated(t)
	g := assemble(open(t, database))
	g.url = database
	run(t, g.writer)
	run(t, g.feed)
	return g
}

// run runs a writer or a feed until the returned function is called, which waits for
// its end; so does the end of the test.
func run(t testing.TB, part interface{ Run(context.Context) error }) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := part.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

// draft returns a processed payload with the id and content.
func draft(id, content string) records.Draft {
	payload, err := pipeline.ParsePayload(json.RawMessage(fmt.Sprintf(`{"id":%q,"content":%q}`, id, content)))
	if err != nil {
		panic(err)
	}
	result, err := pipeline.Process(payload, noon)
	if err != nil {
		panic(err)
	}
	return records.Draft{
		Key: records.Key{Pipeline: pipeline.Default, PayloadID: id}, Payload: payload.JSON, Fingerprint: payload.Fingerprint,
		ReceivedAt: noon, Progress: records.Progress{
			State: records.Processed, PipelineVersion: 1, Result: result, Attempts: 1, ProcessedAt: new(noon.Add(time.Millisecond)),
		},
	}
}

// accept returns what becomes of a draft, which must be known.
func (g *gateway) accept(t *testing.T, d records.Draft) records.Acceptance {
	t.Helper()
	accepted, err := g.writer.Accept(t.Context(), d)
	if err != nil {
		t.Fatalf("Accept(%v): %v", d.Key, err)
	}
	return accepted
}

// made returns the record that a draft must become.
func (g *gateway) made(t *testing.T, d records.Draft) *records.Record {
	t.Helper()
	accepted := g.accept(t, d)
	if accepted.Record == nil || accepted.Duplicate || accepted.Refusal != nil {
		t.Fatalf("Accept(%v) = %+v, want a record of its own", d.Key, accepted)
	}
	return accepted.Record
}

// rows returns how many records there are in the database.
func (g *gateway) rows(t *testing.T) int {
	t.Helper()
	count, err := g.store.Count(t.Context(), pipeline.Reach{}, records.Filter{})
	if err != nil {
		t.Fatalf("Count: %v", err)
	}
	return count
}

func (g *gateway) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := g.pools.Analytics.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// same reports whether two records are one, to the byte.
func same(a, b *records.Record) bool { return a != nil && b != nil && text(a) == text(b) }

func text(r *records.Record) string {
	processed, city := "not", "none"
	if r.ProcessedAt != nil {
		processed = r.ProcessedAt.Format(time.RFC3339Nano)
	}
	if r.CityID != nil {
		city = fmt.Sprint(*r.CityID)
	}
	next, failed := "not", "not"
	if r.NextAttemptAt != nil {
		next = r.NextAttemptAt.Format(time.RFC3339Nano)
	}
	if r.LastError != nil {
		failed = fmt.Sprintf("%s %q at %s", r.LastError.Code, r.LastError.Message, r.LastError.At.Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("%s #%d %s %s -> %s attributes %s city %s version %d received %s processed %s attempts %d next %s failed %s", r.ID(), r.Position,
		r.State, r.Payload, r.Result, r.Attributes, city, r.PipelineVersion, r.ReceivedAt.Format(time.RFC3339Nano), processed, r.Attempts, next, failed)
}

// eventually waits until the claim holds.
func eventually(t *testing.T, claim string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", claim, patience)
		}
	}
}

// waiting reports whether a statement of a record's table waits for a lock.
func (g *gateway) waiting(t *testing.T) bool {
	t.Helper()
	var n int
	err := g.pools.Analytics.QueryRow(t.Context(), `
		select count(*) from pg_stat_activity
		where datname = current_database() and application_name = 'barograph' and wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		t.Fatalf("look for who waits: %v", err)
	}
	return n > 0
}

// begin returns a transaction of somebody else's. The test ends it.
func (g *gateway) begin(t *testing.T) pgx.Tx {
	t.Helper()
	tx, err := g.pools.Analytics.Begin(t.Context())
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }) // when it has not ended
	return tx
}

// insert makes a record of the draft in somebody else's transaction.
func insert(t *testing.T, tx pgx.Tx, d records.Draft) {
	t.Helper()
	_, err := tx.Exec(t.Context(), `
		insert into records (pipeline, payload_id, fingerprint, state, payload, result, pipeline_version, received_at, processed_at)
		values ($1, $2, $3, 'PROCESSED', $4, $5, 1, $6, $7)`,
		d.Pipeline, d.PayloadID, d.Fingerprint[:], []byte(d.Payload), []byte(d.Result), d.ReceivedAt, d.ProcessedAt)
	if err != nil {
		t.Fatalf("insert in another transaction: %v", err)
	}
}

// A tracer sees each statement of a pool before and after.
type tracer struct {
	before func(ctx context.Context, statement string, args []any) context.Context
	after  func(statement string, tag pgconn.CommandTag)
}

type statementKey struct{}

func (tr *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if tr.before != nil {
		ctx = tr.before(ctx, data.SQL, data.Args)
	}
	return context.WithValue(ctx, statementKey{}, data.SQL)
}

func (tr *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if statement, ok := ctx.Value(statementKey{}).(string); ok && tr.after != nil {
		tr.after(statement, data.CommandTag)
	}
}

// altered returns the pools with the API pool as it is but for a change.
func altered(t *testing.T, database string, change func(*pgxpool.Config)) *postgres.Pools {
	t.Helper()
	pools := open(t, database)
	config := pools.API.Config()
	change(config)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(pool.Close)
	return &postgres.Pools{API: pool, Workers: pools.Workers, Analytics: pools.Analytics}
}

// traced returns pools whose API pool tells the tracer of each statement.
func traced(t *testing.T, database string, tr *tracer) *postgres.Pools {
	t.Helper()
	return altered(t, database, func(config *pgxpool.Config) { config.ConnConfig.Tracer = tr })
}

func inserts(statement string) bool { return strings.Contains(statement, "insert into records") }
func meets(statement string) bool   { return strings.Contains(statement, "left join records") }

// TraceBatchStart and the others see the statements that are sent together.
func (tr *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (tr *tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if tr.before != nil {
		tr.before(ctx, data.SQL, data.Args) // for what it is worth: it was sent with the others
	}
	if tr.after != nil {
		tr.after(data.SQL, data.CommandTag)
	}
}

func (tr *tracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// subscribe returns a subscription that ends with the test.
func (g *gateway) subscribe(t *testing.T, interest records.Interest, after *records.Bookmark) *records.Subscription {
	t.Helper()
	s, err := g.feed.Subscribe(t.Context(), pipeline.Reach{}, interest, after)
	if err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// next returns the next change, which must come.
func next(t *testing.T, s *records.Subscription) records.Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	change, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	return change
}

// unsealed leaves what is stored as it is, so that tests can store it themselves.
type unsealed struct{}

func (unsealed) Seal(plain, _ []byte) ([]byte, error)  { return plain, nil }
func (unsealed) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }
