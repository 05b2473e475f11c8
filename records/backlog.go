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
)

// A Backlog counts what is unfinished in the whole database, for metrics: again
// and again, since counting while being asked would let whoever asks wait.
type Backlog struct {
	base *Base

	mu    sync.Mutex
	found *unfinished // guarded by mu; nil before the first count, and after one that failed
}

// unfinished is how many records are in each unfinished state, and when the
// oldest of them was taken in.
type unfinished struct {
	counts map[State]int64
	oldest *time.Time
}

const (
	backlogInterval = 15 * time.Second
	// backlogShare is how much longer than a count the pause after it is at least.
	backlogShare = 20
)

var countBacklog = operation.New("count backlog")

// NewBacklog returns a count of the records there are.
func NewBacklog(base *Base) *Backlog { return &Backlog{base: base} }

// Run counts until ctx is done. A count that fails is logged, and nothing is
// measured until one succeeds.
func (b *Backlog) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		start := time.Now()
		_ = b.Count(ctx) // logged
		timer.Reset(max(backlogInterval, backlogShare*time.Since(start)))
	}
}

// Count counts once.
func (b *Backlog) Count(ctx context.Context) error {
	const query = `
		select state, count(*), min(received_at) from records where state in ('QUEUED', 'RETRYING') group by state
		union all
		select state, count(*), min(received_at) from records where state = 'PROCESSING' group by state`
	found := &unfinished{counts: map[State]int64{Queued: 0, Processing: 0, Retrying: 0}}
	err := countBacklog.Run(ctx, b.base.Logger, func(ctx context.Context) error {
		return b.base.Pools.Analyse(ctx, func(ctx context.Context, tx pgx.Tx) error {
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
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = found
	return err
}

// Observe makes the backlog a part of the process's metrics. All gateways on a
// database measure the same.
func (b *Backlog) Observe() error {
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
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.found == nil {
			return nil
		}
		for state, n := range b.found.counts {
			o.ObserveInt64(count, n, metric.WithAttributes(attribute.String("state", string(state))))
		}
		waited := 0.0
		if b.found.oldest != nil {
			waited = max(0, time.Since(*b.found.oldest).Seconds())
		}
		o.ObserveFloat64(age, waited)
		return nil
	}, count, age)
	if err != nil {
		return fmt.Errorf("observe the backlog: %w", err)
	}
	return nil
}
