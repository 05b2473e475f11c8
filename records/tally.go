package records

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"barograph/internal/operation"
	"barograph/internal/rounds"
)

// A Tally counts what is unfinished in the whole database, for metrics: again
// and again, since counting while being asked would let whoever asks wait.
type Tally struct {
	base *Base

	mu    sync.Mutex
	found *remaining // guarded by mu; nil before the first count, and after one that failed
}

// remaining is how many records are in each unfinished state, and when the oldest
// of them was taken in.
type remaining struct {
	counts map[State]int64
	oldest *time.Time
}

const (
	tallyInterval = 15 * time.Second
	// tallyShare is how much longer than a count the pause after it is at least.
	tallyShare = 20
)

var countUnfinished = operation.New("count unfinished records")

// NewTally returns a count of the records there are.
func NewTally(base *Base) *Tally { return &Tally{base: base} }

// Run counts until ctx is done. A count that fails is logged, and nothing is
// measured until one succeeds.
func (t *Tally) Run(ctx context.Context) error {
	rounds.Run(ctx, func(ctx context.Context) time.Duration {
		start := time.Now()
		_ = t.Count(ctx) // logged
		return max(tallyInterval, tallyShare*time.Since(start))
	})
	return nil
}

// Count counts once.
func (t *Tally) Count(ctx context.Context) error {
	const query = `select state, count(*), min(received_at) from ` + unfinished + ` group by state`
	found := &remaining{counts: map[State]int64{Queued: 0, Processing: 0, Retrying: 0}}
	err := countUnfinished.Run(ctx, t.base.Logger, func(ctx context.Context) error {
		return t.base.Pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, query)
			if err != nil {
				return err
			}
			var (
				state  State
				count  int64
				oldest *time.Time
			)
			_, err = pgx.ForEachRow(rows, []any{&state, &count, &oldest}, func() error {
				found.counts[state] = count
				found.oldest = earlier(found.oldest, oldest)
				return nil
			})
			return err
		})
	})
	if err != nil {
		found = nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.found = found
	return err
}

// earlier returns the earlier of two times that may be none.
func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

// Observe makes the backlog a part of the process's metrics. All gateways on a
// database measure the same.
func (t *Tally) Observe() error {
	count, err := meter.Int64ObservableGauge("barograph.records.backlog", metric.WithUnit("{record}"),
		metric.WithDescription("Records in the database that are unfinished, by state."))
	if err != nil {
		return fmt.Errorf("observe the backlog: %w", err)
	}
	age, err := meter.Float64ObservableGauge("barograph.records.backlog.age", metric.WithUnit("s"),
		metric.WithDescription("For how long the oldest unfinished record in the database has been there; 0 without one."))
	if err != nil {
		return fmt.Errorf("observe the backlog: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.found == nil {
			return nil
		}
		for state, n := range t.found.counts {
			o.ObserveInt64(count, n, metric.WithAttributes(attribute.String("state", string(state))))
		}
		waited := 0.0
		if t.found.oldest != nil {
			waited = max(0, time.Since(*t.found.oldest).Seconds())
		}
		o.ObserveFloat64(age, waited)
		return nil
	}, count, age)
	if err != nil {
		return fmt.Errorf("observe the backlog: %w", err)
	}
	return nil
}
