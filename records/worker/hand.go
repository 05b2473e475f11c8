package worker

import (
	"context"
	"time"

	"barograph/pipeline"
	"barograph/records"
	"barograph/records/bell"
)

const (
	lockFirst = 32  // records claimed at first in a transaction
	lockMost  = 500 // and in the end, where they are quick
	chunk     = 16  // of them are processed before the clock is looked at
	// A transaction takes about as long as this, so that what it holds is soon
	// free, and the feed, which waits for it, goes on.
	lockTime = 100 * time.Millisecond
)

// A hand is one goroutine's part in the work: it takes from one line after the
// other, a batch each time, so that no backlog keeps another waiting.
type hand struct {
	w     *Worker
	turn  int // which line is first
	take  func(ctx context.Context, h *hand, line records.Line, program *pipeline.Program) (int, error)
	sizes map[records.Line]int    // how many records to claim of a line, where that varies
	after map[records.Line]string // where it left off among ordering keys
}

func newHand(w *Worker, turn int, take func(context.Context, *hand, records.Line, *pipeline.Program) (int, error)) *hand {
	return &hand{w: w, turn: turn, take: take, sizes: map[records.Line]int{}, after: map[records.Line]string{}}
}

// round takes once from each line, until stop is done, and reports whether there
// was anything.
func (h *hand) round(ctx, stop context.Context) (busy bool, err error) {
	lines, err := h.w.runner.Queue.Lines(ctx, h.w.runner.now())
	if err != nil {
		return false, err
	}
	h.turn++
	for i := range lines {
		if stop.Err() != nil {
			return busy, nil //nolint:nilerr // to stop is no failure
		}
		line := lines[(i+h.turn)%len(lines)]
		program, err := h.w.program(ctx, line)
		if err != nil {
			h.w.logger.ErrorContext(ctx, "a pipeline's records wait, for it has no program", "pipeline", line.Pipeline, "version", line.Version, "err", err)
			continue
		}
		line.Version = 0 // what is remembered of a line is of all its versions
		n, err := h.take(ctx, h, line, program)
		if err != nil {
			return busy, err
		}
		busy = busy || n > 0
	}
	return busy, nil
}

// program returns the program that is in force for a line.
func (w *Worker) program(ctx context.Context, line records.Line) (*pipeline.Program, error) {
	program, err := w.catalog.Current(ctx, pipeline.Reach{}, line.Pipeline)
	if err == nil && program.Version < line.Version {
		w.catalog.Forget(line.Pipeline)
		program, err = w.catalog.Current(ctx, pipeline.Reach{}, line.Pipeline)
	}
	return program, err
}

// lock processes what stays in this process: a transaction has it meanwhile.
func (w *Worker) lock(ctx context.Context, h *hand, line records.Line, program *pipeline.Program) (int, error) {
	if !program.Pure() {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	size := h.sizes[line]
	if size == 0 {
		size = lockFirst
	}
	batch, err := w.runner.Queue.Lock(ctx, records.Request{Line: line, Limit: size, Now: w.runner.now(), After: h.after[line]})
	if err != nil {
		return 0, err
	}
	defer batch.Release(ctx)
	h.after[line] = batch.After
	if len(batch.Claims) == 0 {
		return 0, nil
	}
	if len(batch.Claims) == size {
		w.bell.RingHere(bell.Due) // for another hand
	}
	began := time.Now()
	var done []records.Done
	for start := 0; start < len(batch.Claims) && time.Since(began) < lockTime; start += chunk {
		claims := batch.Claims[start:min(start+chunk, len(batch.Claims))]
		for _, c := range claims {
			c.Record.Attempts++
		}
		done = append(done, w.runner.Try(ctx, program, claims)...)
	}
	h.sizes[line] = resize(size, len(done), time.Since(began))
	done = inOrder(done)
	return len(done), batch.Complete(ctx, done, w.runner.unwritten(program))
}

// resize returns how many records to claim next, when so many of a claim were
// processed in a time.
func resize(size, processed int, took time.Duration) int {
	switch {
	case processed < size && took >= lockTime:
		return max(1, processed)
	case processed == size && took < lockTime/2:
		return min(2*size, lockMost)
	}
	return size
}

// inOrder leaves out what must wait for a record before it that is to be tried
// again.
func inOrder(done []records.Done) []records.Done {
	waits := map[string]bool{}
	var kept []records.Done
	for _, d := range done {
		if d.OrderingKey != nil {
			if waits[*d.OrderingKey] {
				continue
			}
			waits[*d.OrderingKey] = d.State == records.Retrying
		}
		kept = append(kept, d)
	}
	return kept
}

// lease processes what leaves this process: a lease has it meanwhile.
func (w *Worker) lease(ctx context.Context, h *hand, line records.Line, program *pipeline.Program) (int, error) {
	if program.Pure() {
		return 0, nil
	}
	claiming, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	claims, after, err := w.runner.Queue.Lease(claiming, records.Request{Line: line, Limit: leaseBatch, Now: w.runner.now(), After: h.after[line]}, w.runner.Lease)
	if err != nil {
		return 0, err
	}
	h.after[line] = after
	if len(claims) == 0 {
		return 0, nil
	}
	_, err = w.runner.Attempt(ctx, program, claims)
	return len(claims), err
}
