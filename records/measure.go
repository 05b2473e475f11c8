package records

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

var (
	meter      = otel.Meter("barograph/records")
	batches, _ = meter.Int64Histogram("barograph.records.batch.size", metric.WithUnit("{record}"),
		metric.WithDescription("How many drafts shared a statement and a commit."))
	// What stands in which state at a moment would have to be counted in the
	// table; what came to it is counted as it happens, exactly and for nothing.
	changes, _ = meter.Int64Counter("barograph.records.changes",
		metric.WithDescription("Records that came to a state, by that state, counted by the node that brought them there."))
	unreadable, _ = meter.Int64Counter("barograph.records.unreadable", metric.WithUnit("{record}"),
		metric.WithDescription("Records that were read and could not be opened: forged, or sealed by a key that is gone."))
	renewed, _ = meter.Int64Counter("barograph.records.renewed", metric.WithUnit("{record}"),
		metric.WithDescription("Records that were sealed anew, by the primary key."))
	claims, _ = meter.Int64Counter("barograph.records.claims", metric.WithUnit("{record}"),
		metric.WithDescription("Records that workers claimed, each time they did."))
	delays, _ = meter.Float64Histogram("barograph.records.queue.delay", metric.WithUnit("s"),
		metric.WithDescription("For how long records were due before a worker claimed them."))
	leasesLost, _ = meter.Int64Counter("barograph.records.leases.lost", metric.WithUnit("{record}"),
		metric.WithDescription("Records whose lease had ended before what became of them was written: nothing was."))
	toState = func() map[State]metric.MeasurementOption {
		options := map[State]metric.MeasurementOption{}
		for _, s := range []State{Queued, Processing, Retrying, Processed, Skipped, Dead} {
			options[s] = metric.WithAttributeSet(attribute.NewSet(attribute.String("state", string(s))))
		}
		return options
	}()
)

// Observe makes the writer's queue a part of the process's metrics. Of one
// process, one writer is observed.
func (w *Writer) Observe() error {
	depth, err := meter.Int64ObservableGauge("barograph.records.queue.depth", metric.WithUnit("{record}"),
		metric.WithDescription("Drafts that wait for a batch."))
	if err != nil {
		return fmt.Errorf("observe the writer's queue: %w", err)
	}
	bytes, err := meter.Int64ObservableGauge("barograph.records.queue.size", metric.WithUnit("By"),
		metric.WithDescription("Bytes of the drafts that wait or are being written."))
	if err != nil {
		return fmt.Errorf("observe the writer's queue: %w", err)
	}
	age, err := meter.Float64ObservableGauge("barograph.records.queue.age", metric.WithUnit("s"),
		metric.WithDescription("For how long the oldest draft that is not durable yet has been under way."))
	if err != nil {
		return fmt.Errorf("observe the writer's queue: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(depth, int64(len(w.queue)))
		o.ObserveInt64(bytes, w.bytes.Load())
		o.ObserveFloat64(age, w.underway.age(time.Now()).Seconds())
		return nil
	}, depth, bytes, age)
	if err != nil {
		return fmt.Errorf("observe the writer's queue: %w", err)
	}
	return nil
}

// Observe makes the queue's counters there from the beginning.
func (q *Queue) Observe(ctx context.Context) {
	claims.Add(ctx, 0)
	leasesLost.Add(ctx, 0)
}

// observeClaims counts claims, and measures for how long they were due.
func observeClaims(ctx context.Context, found []*Claim, now time.Time) {
	claims.Add(ctx, int64(len(found)))
	for _, c := range found {
		delays.Record(ctx, max(0, now.Sub(*c.Record.NextAttemptAt)).Seconds())
	}
}

// links returns links to what the drafts' callers are doing: one batch is many
// callers' work.
func links(callers []trace.SpanContext) trace.SpanStartOption {
	const limit = 128 // as many links as the SDK keeps of a span by default
	var all []trace.Link
	for _, of := range callers {
		if of.IsSampled() && len(all) < limit {
			all = append(all, trace.Link{SpanContext: of})
		}
	}
	return trace.WithLinks(all...)
}
