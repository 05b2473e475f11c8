package pipeline

import (
	"context"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// cpuDeadline is how long the work of definitions on one payload may take
// between two steps that wait for others. Expressions and schemas are bounded by
// what they do; this is for machines that have no time to do it.
const cpuDeadline = 2 * time.Second

// A cpu bounds how much of what clients wrote runs at once, so that what waits
// for input and output never waits for that. Whoever comes first is first.
type cpu struct{ permits *semaphore.Weighted }

func newCPU() *cpu { return &cpu{semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))} }

// do runs one piece of work once there is room, or returns the context's error.
func (c *cpu) do(ctx context.Context, work func(context.Context)) error {
	if err := c.permits.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	defer c.permits.Release(1)
	ctx, cancel := context.WithTimeout(ctx, cpuDeadline)
	defer cancel()
	work(ctx)
	return nil
}

// each runs a piece of work for each job, several at once, and returns when all
// are done. Those it does not come to when ctx ends are left alone.
func (c *cpu) each(ctx context.Context, jobs []*Job, work func(context.Context, *Job)) {
	var all sync.WaitGroup
	queue := make(chan *Job, len(jobs))
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	for range min(len(jobs), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for j := range queue {
				if err := c.do(ctx, func(ctx context.Context) { work(ctx, j) }); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
}
