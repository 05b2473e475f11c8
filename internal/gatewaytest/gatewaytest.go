// Package gatewaytest gives tests a whole gateway to ask: the real handler on a
// real PostgreSQL and a weather service in Open-Meteo's wire format, whose calls
// it counts and can make fail. A package that uses it says in one file:
//
//	func TestMain(m *testing.M) { gatewaytest.Main(m) }
package gatewaytest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/gazetteer"
	"barograph/graph"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/loaders"
	"barograph/pipeline"
	"barograph/records"
	"barograph/resolvers"
	"barograph/weather"
	"barograph/weather/openmeteo"
)

// Main runs the tests of m with a database server at hand, and ends the process.
func Main(m *testing.M) { postgrestest.Main(m) }

// A Gateway serves GraphQL for one test, on a database of its own.
type Gateway struct {
	URL      string // of the GraphQL endpoint
	Upstream *Upstream
	Logs     *Logs
	Pools    *postgres.Pools

	ahead *atomic.Int64 // by how much the weather's clock is, in nanoseconds
}

// Advance moves the clock that reports age by.
func (g *Gateway) Advance(by time.Duration) { g.ahead.Add(int64(by)) }

// New starts a gateway that ends with the test.
func New(t testing.TB) *Gateway {
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

	feed := records.NewFeed()
	writer := records.NewWriter(pools, feed, logger)
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- writer.Run(running) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})

	pipelines, store := pipeline.NewStore(pools, logger), records.NewStore(pools, logger)
	server := httptest.NewServer(graph.New(graph.Config{
		Resolvers: &resolvers.Root{
			Gazetteer: cities, Weather: reports, Pipelines: pipelines, Records: store, Writer: writer, Feed: feed, Now: time.Now, Logger: logger,
		},
		Extensions: []graphql.HandlerExtension{loaders.Extension{Sources: loaders.Sources{
			Weather: reports, Pipelines: pipelines, Records: store,
		}}},
		Logger: logger,
	}))
	t.Cleanup(server.Close)
	return &Gateway{URL: server.URL, Upstream: upstream, Logs: logs, Pools: pools, ahead: ahead}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
