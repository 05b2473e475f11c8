package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/pipeline"
	"barograph/records"
	"barograph/records/bell"
	"barograph/records/intake"
	"barograph/records/worker"
)

func TestMain(m *testing.M) {
	time.Local = time.FixedZone("elsewhere", 5*3600+1800)
	postgrestest.Main(m)
}

// patience bounds what a test waits for something that must happen.
const patience = 30 * time.Second

var discard = slog.New(slog.DiscardHandler)

// A node is a gateway without GraphQL: it takes payloads in and works on them.
type node struct {
	pools   *postgres.Pools
	base    *records.Base
	store   *records.Store
	feed    *records.Feed
	queue   *records.Queue
	catalog *pipeline.Catalog
	intake  *intake.Intake
	worker  *worker.Worker
	runner  *worker.Runner
}

// A site is one database, and what the steps of its nodes do.
type site struct {
	url     string
	near    func(ctx context.Context, jobs []*pipeline.Job) // a step that stays in the process
	far     func(ctx context.Context, jobs []*pipeline.Job) // and one that leaves it
	backlog int                                             // how many unfinished records a node lets be
}

// step is a step of a test's own.
type step func(ctx context.Context, jobs []*pipeline.Job)

// Run does what the test says.
func (s step) Run(ctx context.Context, jobs []*pipeline.Job) { s(ctx, jobs) }

func (s *site) compiler() *pipeline.Compiler {
	kind := func(name string, io bool, do *func(context.Context, []*pipeline.Job)) pipeline.Kind {
		return pipeline.Kind{Name: name, IO: io, New: func(json.RawMessage, *pipeline.Builder) (pipeline.Step, error) {
			return step(func(ctx context.Context, jobs []*pipeline.Job) { (*do)(ctx, jobs) }), nil
		}}
	}
	return pipeline.NewCompiler(kind("near", false, &s.near), kind("far", true, &s.far))
}

// newSite returns a site with a pipeline of each definition, by name.
func newSite(t testing.TB, definitions map[string]string) *site {
	t.Helper()
	s := &site{url: postgrestest.Database(t), backlog: 1_000_000}
	nothing := func(context.Context, []*pipeline.Job) {}
	s.near, s.far = nothing, nothing
	pools := s.open(t)
	if err := postgres.Migrate(t.Context(), pools.API, discard); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	for name, definition := range definitions {
		define(t, pools, name, 1, definition)
	}
	return s
}

// define gives a pipeline a version.
func define(t testing.TB, pools *postgres.Pools, name string, version int, definition string) {
	t.Helper()
	for _, statement := range []string{
		`insert into pipeline_versions (pipeline, version, definition) values ($1, $2, $3)`,
		`insert into pipelines (name, version) values ($1, $2) on conflict (name) do update set version = excluded.version`,
	} {
		args := []any{name, version, definition}
		if statement[12:22] == "pipelines " {
			args = args[:2]
		}
		if _, err := pools.Analytics.Exec(t.Context(), statement, args...); err != nil {
			t.Fatalf("define %s: %v", name, err)
		}
	}
}

func (s *site) open(t testing.TB) *postgres.Pools {
	t.Helper()
	pools, err := postgres.Open(t.Context(), s.url)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(pools.Close)
	return pools
}

var nodes atomic.Int64

// node returns a node of the site that takes payloads in and, with so many
// workers, works on them, until the test ends.
func (s *site) node(t testing.TB, workers int, options ...func(*worker.Runner)) *node {
	t.Helper()
	pools := s.open(t)
	line := bell.NewPostgres(pools, fmt.Sprint("node-", nodes.Add(1)), discard)
	base := &records.Base{Pools: pools, Sealer: unsealed{}, Logger: discard, Bell: bell.New(line)}
	n := &node{pools: pools, base: base, store: records.NewStore(base), feed: records.NewFeed(base), queue: records.NewQueue(base)}
	n.runner = &worker.Runner{Queue: n.queue, Now: time.Now, Random: func() float64 { return 0.5 }, Lease: 30 * time.Second, Logger: discard}
	for _, change := range options {
		change(n.runner)
	}
	n.catalog = pipeline.NewCatalog(pipeline.NewStore(pools, discard), s.compiler())
	writer := records.NewWriter(base)
	n.intake = intake.New(intake.Config{
		Writer: writer, Catalog: n.catalog, Runner: n.runner, City: func(string) *int64 { return nil }, Now: time.Now,
		BacklogLimit: s.backlog, Drain: 5 * time.Second, Logger: discard,
	})
	n.worker = worker.New(worker.Config{Runner: n.runner, Catalog: n.catalog, Bell: base.Bell, Count: workers, Drain: 5 * time.Second})
	run(t, base.Bell)
	run(t, n.feed)
	run(t, writer)
	run(t, n.intake)
	run(t, n.worker)
	return n
}

// run runs a part until the returned function is called, which waits for its
// end; so does the end of the test.
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

// submit takes payloads in, which must be accepted.
func (n *node) submit(t testing.TB, pipelineName string, payloads ...string) []*records.Record {
	t.Helper()
	texts := make([]json.RawMessage, len(payloads))
	for i, p := range payloads {
		texts[i] = json.RawMessage(p)
	}
	accepted, err := n.intake.Submit(t.Context(), pipeline.Reach{}, pipelineName, texts)
	if err != nil {
		t.Fatalf("Submit: %v", err)
	}
	made := make([]*records.Record, len(accepted))
	for i, a := range accepted {
		if a.Refusal != nil || a.Record == nil {
			t.Fatalf("Submit of %s = %+v, want a record", payloads[i], a)
		}
		made[i] = a.Record
	}
	return made
}

// comes returns a record once it has come to a state.
func (n *node) comes(t testing.TB, key records.Key, state records.State) *records.Record {
	t.Helper()
	var last *records.Record
	eventually(t, fmt.Sprintf("%s comes to %s", key.PayloadID, state), func() bool {
		found, err := n.store.Find(t.Context(), pipeline.Reach{}, []records.Key{key})
		if err != nil || len(found) != 1 {
			t.Fatalf("Find(%v) = %v, %v", key, found, err)
		}
		last = found[0]
		return last.State == state
	})
	return last
}

// eventually waits until the claim holds.
func eventually(t testing.TB, claim string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", claim, patience)
		}
	}
}

func (n *node) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := n.pools.Analytics.Exec(context.WithoutCancel(t.Context()), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// count returns what a query counts.
func (n *node) count(t testing.TB, query string, args ...any) (count int) {
	t.Helper()
	if err := n.pools.Analytics.QueryRow(t.Context(), query, args...).Scan(&count); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return count
}

// unsealed leaves what is stored as it is.
type unsealed struct{}

func (unsealed) Seal(plain, _ []byte) ([]byte, error)  { return plain, nil }
func (unsealed) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

func TestWorkerProcessesWhatIsSubmittedToAnyNode(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"near": `{"steps":[{"kind":"near"}]}`, "far": `{"steps":[{"kind":"far"}]}`})
	here := s.node(t, 0)
	s.node(t, 2)
	for _, name := range []string{pipeline.Default, "near", "far"} {
		made := here.submit(t, name, `{"id":"a","n":1}`, `{"id":"b"}`)
		if made[0].State != records.Queued || made[0].Attempts != 0 || made[0].NextAttemptAt == nil {
			t.Errorf("Submit = %+v, want it QUEUED and due", made[0])
		}
		for _, r := range made {
			got := here.comes(t, r.Key, records.Processed)
			if got.Attempts != 1 || got.ProcessedAt == nil || got.NextAttemptAt != nil || got.Result == nil || got.LastError != nil {
				t.Errorf("%s: %+v, want a result after one attempt", r.PayloadID, got)
			}
		}
	}
}
