package intake

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"barograph/internal/rounds"
	"barograph/pipeline"
)

const (
	countInterval = time.Second      // between two counts, at least
	countShare    = 20               // of the time, counting takes one part in so many
	countLimit    = 30 * time.Second // for one of them
	backlogWait   = 5 * time.Second  // after which to try again
)

// A backlog knows about how many records wait: how many there were when they were
// counted last, and what this node added since.
type backlog struct {
	limit   int
	count   func(ctx context.Context, most int) (int, error)
	counted atomic.Int64
	added   atomic.Int64 // since
}

// run counts now and then until ctx is done. While it cannot, the last count
// stands.
func (b *backlog) run(ctx context.Context, logger *slog.Logger) {
	rounds.Run(ctx, func(ctx context.Context) time.Duration {
		began := time.Now()
		counting, cancel := context.WithTimeout(ctx, countLimit)
		before := b.added.Load()
		n, err := b.count(counting, b.limit)
		cancel()
		if err == nil {
			b.counted.Store(int64(n))
			b.added.Add(-before)
		} else if ctx.Err() == nil {
			logger.WarnContext(ctx, "the backlog of records could not be counted", "err", err)
		}
		return max(countInterval, countShare*time.Since(began))
	})
}

// add says that this node took records in for the workers.
func (b *backlog) add(n int) { b.added.Add(int64(n)) }

// refuse returns why no more payloads are taken in for the workers, or nil.
func (b *backlog) refuse(n int) *pipeline.Refusal {
	if n == 0 || b.counted.Load()+b.added.Load()+int64(n) <= int64(b.limit) {
		return nil
	}
	refusal := pipeline.Refuse(pipeline.Overloaded, "%d payloads wait already, or are being processed", b.limit)
	refusal.RetryAfter = backlogWait
	return refusal
}
