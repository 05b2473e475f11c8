// Package worker processes the records that wait for it: on every node some
// goroutines claim what is due, run the pipelines' programs, and write what has
// become of the records. What stays in this process is claimed, processed and
// completed in one short transaction; what leaves it is leased, so that no
// transaction waits for a network, and what a node that died had in hand goes on
// elsewhere. The statements are package records', the steps package pipeline's.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"barograph/pipeline"
	"barograph/records"
	"barograph/records/bell"
)

const (
	sweepInterval = time.Second      // at which is looked for what no bell told of
	errorWait     = time.Second      // after an error of the database
	leaseBatch    = 64               // records leased at a time
	expiredBatch  = 100              // expired leases taken over at a time
	lockLimit     = 30 * time.Second // for a transaction
)

// A Worker processes what is due. It is safe for concurrent use.
type Worker struct {
	runner  *Runner
	catalog *pipeline.Catalog
	bell    *bell.Bell
	count   int
	drain   time.Duration
	logger  *slog.Logger
}

// A Config says how a worker works.
type Config struct {
	Runner  *Runner
	Catalog *pipeline.Catalog
	Bell    *bell.Bell
	Count   int           // goroutines for what stays in this process, and as many for what leaves it
	Drain   time.Duration // for which what is claimed goes on once the worker is to stop
}

// New returns a worker, which does nothing until Run.
func New(c Config) *Worker {
	return &Worker{runner: c.Runner, catalog: c.Catalog, bell: c.Bell, count: c.Count, drain: c.Drain, logger: c.Runner.Logger}
}

// Run works until ctx is done, and then until what is claimed is finished or,
// when that takes too long, given back.
func (w *Worker) Run(ctx context.Context) error {
	w.runner.Queue.Observe(ctx)
	if w.count == 0 {
		return nil
	}
	going, stop := context.WithCancel(context.WithoutCancel(ctx)) // what is claimed is finished
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(w.drain, stop) })()

	var group sync.WaitGroup
	near, far := w.bell.Listen(bell.Due), w.bell.Listen(bell.Due)
	for i := range w.count {
		group.Go(func() { w.loop(ctx, going, near, newHand(w, i, w.lock)) })
		group.Go(func() { w.loop(ctx, going, far, newHand(w, i, w.lease)) })
	}
	group.Go(func() { w.sweepExpired(ctx, going) })
	group.Wait()
	return nil
}

// loop lets a hand do what is due, whenever a bell rings and now and then, until
// ctx is done.
func (w *Worker) loop(ctx, going context.Context, rings <-chan struct{}, h *hand) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rings:
		case <-timer.C:
		}
		wait := sweepInterval
		for ctx.Err() == nil {
			busy, err := h.round(going, ctx)
			if err != nil {
				wait = errorWait
			}
			if !busy || err != nil {
				break
			}
		}
		timer.Reset(wait)
	}
}

// sweepExpired takes over what nobody is heard of any more, until ctx is done.
func (w *Worker) sweepExpired(ctx, going context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := w.expire(going); err != nil {
			continue // it was logged, and is tried again
		}
	}
}

// expire fails the attempts whose lease has ended: they are tried again like any
// other that failed.
func (w *Worker) expire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	for {
		claims, err := w.runner.Queue.Expired(ctx, expiredBatch, w.runner.Lease)
		if err != nil || len(claims) == 0 {
			return err
		}
		byPipeline := map[string][]*records.Claim{}
		for _, c := range claims {
			byPipeline[c.Record.Pipeline] = append(byPipeline[c.Record.Pipeline], c)
		}
		for name, claims := range byPipeline {
			program, err := w.catalog.Current(ctx, pipeline.Reach{}, name)
			if err != nil {
				return fmt.Errorf("find the program of pipeline %s: %w", name, err)
			}
			done := make([]records.Done, len(claims))
			for i, c := range claims {
				done[i] = records.Done{Claim: c, Progress: c.Record.Progress, Forgiven: c.Forgiven}
				w.runner.fail(program, &done[i], records.LeaseExpired, "nothing was heard of the node that had it")
			}
			if _, err := w.runner.Queue.Complete(ctx, done, nil); err != nil {
				return err
			}
		}
		w.logger.WarnContext(ctx, "records were taken over from nodes that are not heard of", "records", len(claims))
	}
}
