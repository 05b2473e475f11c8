package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"barograph/gazetteer"
	"barograph/internal/settings"
	"barograph/pipeline"
	"barograph/records"
	"barograph/records/bell"
	"barograph/records/intake"
	"barograph/records/worker"
)

// workDrain is how long what is being processed may go on once the program is to
// stop, before it is given back to other nodes.
const workDrain = 10 * time.Second

// leaseTime is how long a record that leaves this process stays this node's after
// the node was heard of last.
const leaseTime = 30 * time.Second

// A processing is what takes payloads in and works on them.
type processing struct {
	writer *records.Writer
	queue  *records.Queue
	intake *intake.Intake
	worker *worker.Worker
	bell   *bell.Bell
}

// newProcessing returns what takes payloads in, as records of the base, and gives
// the base a bell that rings on every node.
func newProcessing(
	s settings.Settings, base *records.Base, catalog *pipeline.Catalog, cities *gazetteer.Gazetteer, logger *slog.Logger,
) *processing {
	base.Bell = bell.New(bell.NewPostgres(base.Pools, rand.Text(), logger))
	p := &processing{writer: records.NewWriter(base), queue: records.NewQueue(base), bell: base.Bell}
	runner := &worker.Runner{Queue: p.queue, Now: time.Now, Random: mathrand.Float64, Lease: leaseTime, Logger: logger}
	p.intake = intake.New(intake.Config{
		Writer: p.writer, Catalog: catalog, Runner: runner, City: intake.CityOf(cities), Now: time.Now, BacklogLimit: s.BacklogLimit, Drain: workDrain, Logger: logger,
	})
	p.worker = worker.New(worker.Config{Runner: runner, Catalog: catalog, Bell: base.Bell, Count: s.Workers.Workers, Drain: workDrain})
	return p
}

// run starts everything in a group: the workers until ctx is done, and the rest
// for as long as there may be somebody to write for.
func (p *processing) run(ctx, writing context.Context, group *errgroup.Group) {
	group.Go(func() error { return p.worker.Run(ctx) })
	group.Go(func() error { return p.writer.Run(writing) })
	group.Go(func() error { return p.intake.Run(writing) })
	group.Go(func() error { return p.bell.Run(writing) })
}
