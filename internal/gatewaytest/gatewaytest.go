// Package gatewaytest gives tests a whole gateway to ask: the real handler on a
// real PostgreSQL and a weather service in Open-Meteo's wire format, whose calls
// it counts and can make fail. A package that uses it says in one file:
//
//	func TestMain(m *testing.M) { gatewaytest.Main(m) }
package gatewaytest

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/sync/errgroup"

	"barograph/auth/apikey"
	"barograph/auth/door"
	"barograph/gazetteer"
	"barograph/graph"
	"barograph/graph/access"
	"barograph/graph/transport"
	"barograph/ingest"
	"barograph/internal/audit"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/internal/requestid"
	"barograph/internal/seal"
	"barograph/loaders"
	"barograph/pipeline"
	"barograph/records"
	"barograph/records/bell"
	"barograph/records/intake"
	"barograph/records/worker"
	"barograph/resolvers"
	"barograph/weather"
	"barograph/weather/enrichment"
	"barograph/weather/openmeteo"
)

// Main runs the tests of m with a database server at hand, and ends the process.
func Main(m *testing.M) { postgrestest.Main(m) }

// A Gateway serves GraphQL for one test, on a database of its own.
type Gateway struct {
	URL      string // of the GraphQL endpoint; with /ingest/ and the name of a pipeline behind, where messages are sent
	Upstream *Upstream
	Logs     *Logs
	Base     *records.Base
	Keys     *apikey.Store

	ahead *atomic.Int64 // by how much the weather's clock is, in nanoseconds
	known *principals
	as    http.Header // that says which of them asks, nil for anyone
}

// Advance moves the clock that reports age by.
func (g *Gateway) Advance(by time.Duration) { g.ahead.Add(int64(by)) }

// drain is how long what is being processed may take when a gateway stops.
const drain = 5 * time.Second

// New starts a gateway that ends with the test, with a configuration that the
// options change.
func New(t testing.TB, options ...func(*graph.Config)) *Gateway {
	t.Helper()
	return start(t, 2, options...)
}

// NewWithoutWorkers starts a gateway that leaves QUEUED what is submitted.
func NewWithoutWorkers(t testing.TB, options ...func(*graph.Config)) *Gateway {
	t.Helper()
	return start(t, 0, options...)
}

func start(t testing.TB, workers int, options ...func(*graph.Config)) *Gateway {
	t.Helper()
	ctx := context.Background()
	logs := &Logs{}
	logger := slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))

	pools, err := postgres.Open(ctx, postgrestest.Database(t))
	must(t, err)
	t.Cleanup(pools.Close)
	must(t, postgres.Migrate(ctx, pools.API, logger))

	cities, err := gazetteer.Open()
	must(t, err)
	upstream, ahead := newUpstream(t), &atomic.Int64{}
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	client, err := openmeteo.New(upstream.URL, openmeteo.Source, clock)
	must(t, err)
	t.Cleanup(client.Close)

	reports := weather.NewService(clock, logger, airy{client})
	t.Cleanup(reports.Close)

	keys, err := seal.Generate()
	must(t, err)
	base := &records.Base{Pools: pools, Sealer: keys, Logger: logger}
	base.Bell = bell.New(bell.NewPostgres(pools, rand.Text(), logger))
	feed := records.NewFeed(base)
	must(t, feed.Rebase(ctx))
	pipelines, store := pipeline.NewStore(pools, logger), records.NewStore(base)
	hosts, err := pipeline.ParseHosts([]string{"http://127.0.0.1"})
	must(t, err)
	compiler := pipeline.NewCompiler(pipeline.Kinds(enrichment.Source{Gazetteer: cities, Reports: reports}, hosts)...)
	compiler.Logger = logger
	catalog := pipeline.NewCatalog(pipelines, compiler)
	writer, queue := records.NewWriter(base), records.NewQueue(base)
	runner := &worker.Runner{Queue: queue, Now: clock, Random: mathrand.Float64, Lease: 30 * time.Second, Logger: logger}
	taking := intake.New(intake.Config{
		Writer: writer, Catalog: catalog, Runner: runner, City: intake.CityOf(cities), Now: clock, BacklogLimit: 1_000_000, Drain: drain, Logger: logger,
	})
	working := worker.New(worker.Config{Runner: runner, Catalog: catalog, Bell: base.Bell, Count: workers, Drain: drain})
	apiKeys := apikey.NewStore(pools, clock, rand.Reader, logger)
	ctx, stop := context.WithCancel(ctx)
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error { return writer.Run(ctx) })
	running.Go(func() error { return taking.Run(ctx) })
	running.Go(func() error { return working.Run(ctx) })
	running.Go(func() error { return base.Bell.Run(ctx) })
	running.Go(func() error { return feed.Run(ctx) })
	running.Go(func() error { return apiKeys.Run(ctx) })
	t.Cleanup(func() {
		stop()
		must(t, running.Wait())
	})

	config := graph.Config{
		Resolvers: &resolvers.Root{
			Gazetteer: cities, Weather: reports, Pipelines: pipelines, Catalog: catalog, Records: store,
			Indexer: records.NewIndexer(base, pipelines, clock), Intake: taking, Queue: queue, Feed: feed,
			Keys: apiKeys, Audit: audit.NewStore(pools, logger), Now: clock, Logger: logger,
		},
		Extensions: []graphql.HandlerExtension{loaders.Extension{Report: true, Denied: access.Denied, Sources: loaders.Sources{
			Weather: reports, Pipelines: pipelines, Records: store, Keys: apiKeys,
		}}},
		Logger: logger,
	}
	for _, change := range options {
		change(&config)
	}
	known, in := &principals{}, door.New(door.Config{Keys: apiKeys, Now: clock})
	serves := http.NewServeMux()
	serves.Handle("/", known.handler(graph.New(config), in, transport.Refuse))
	serves.Handle("/ingest/{pipeline}", known.handler(ingest.New(ingest.Config{Intake: taking, Pipelines: pipelines, Logger: logger}), in, ingest.Refuse))
	server := httptest.NewServer(requestid.Handler(serves))
	t.Cleanup(server.Close)
	return &Gateway{URL: server.URL, Upstream: upstream, Logs: logs, Base: base, Keys: apiKeys, ahead: ahead, known: known}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
