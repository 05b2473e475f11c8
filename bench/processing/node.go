package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http/httptest"
	"time"

	"golang.org/x/sync/errgroup"

	"barograph/gazetteer"
	"barograph/internal/postgres"
	"barograph/internal/seal"
	"barograph/pipeline"
	"barograph/records"
	"barograph/records/bell"
	"barograph/records/intake"
	"barograph/records/worker"
	"barograph/weather"
	"barograph/weather/enrichment"
	"barograph/weather/openmeteo"
	"barograph/weather/simulator"
)

// A node is a gateway without its HTTP server.
type node struct {
	pools  *postgres.Pools
	intake *intake.Intake
	stop   func() error
}

// The pipelines that there are, by name.
var definitions = map[string]string{
	"plain":     `{}`,
	"transform": `{"steps":[{"kind":"transform","expression":"merge(payload, {'long': payload.seats > 100, 'route': payload.from + '-' + payload.to})"}]}`,
	"enrich": `{"city":"payload.to","steps":[{"kind":"enrich","as":"weather"},
		{"kind":"transform","expression":"merge(value, {'long': payload.seats > 100, 'route': payload.from + '-' + payload.to})"}]}`,
}

// newNode returns a node with two workers, which runs until stop is called.
func newNode(ctx context.Context, pools *postgres.Pools, logger *slog.Logger) (*node, error) {
	cities, err := gazetteer.Open()
	if err != nil {
		return nil, err
	}
	provider := httptest.NewServer(simulator.New(time.Now))
	client, err := openmeteo.New(provider.URL, simulator.Source, time.Now)
	if err != nil {
		return nil, err
	}
	reports := weather.NewService(time.Now, logger, client)
	keys, err := seal.Generate()
	if err != nil {
		return nil, err
	}
	store := pipeline.NewStore(pools, logger)
	catalog := pipeline.NewCatalog(store, pipeline.NewCompiler(pipeline.Kinds(enrichment.Source{Gazetteer: cities, Reports: reports}, nil)...))
	for name, definition := range definitions {
		if _, err := catalog.Create(ctx, pipeline.Reach{}, name, nil, json.RawMessage(definition)); err != nil {
			return nil, fmt.Errorf("create %s: %w", name, err)
		}
	}
	base := &records.Base{Pools: pools, Sealer: keys, Logger: logger, Bell: bell.New(bell.NewPostgres(pools, rand.Text(), logger))}
	runner := &worker.Runner{Queue: records.NewQueue(base), Now: time.Now, Random: mathrand.Float64, Lease: 30 * time.Second, Logger: logger}
	writer := records.NewWriter(base)
	n := &node{pools: pools, intake: intake.New(intake.Config{
		Writer: writer, Catalog: catalog, Runner: runner, City: intake.CityOf(cities), Now: time.Now, BacklogLimit: 10_000_000, Drain: time.Second, Logger: logger,
	})}
	working := worker.New(worker.Config{Runner: runner, Catalog: catalog, Bell: base.Bell, Count: 2, Drain: time.Second})
	ctx, cancel := context.WithCancel(ctx)
	var running errgroup.Group
	for _, part := range []interface{ Run(context.Context) error }{writer, n.intake, working, base.Bell} {
		running.Go(func() error { return part.Run(ctx) })
	}
	n.stop = func() error {
		cancel()
		defer provider.Close()
		defer client.Close()
		defer reports.Close()
		return running.Wait()
	}
	return n, nil
}
