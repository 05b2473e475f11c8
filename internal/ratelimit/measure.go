package ratelimit

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var meter = otel.Meter("barograph/ratelimit")

// counts are those of the buckets of one name. They are read when somebody looks,
// so that each costs an addition.
type counts struct{ allowed, limited, never, spent, back atomic.Int64 }

func newCounts(name string, buckets func() int) *counts {
	c := &counts{}
	of := attribute.String("bucket", name)
	_, _ = meter.Int64ObservableCounter("barograph.ratelimit.decisions",
		metric.WithDescription("What was charged to buckets, by bucket and outcome: allowed, limited, or never, as it costs more than a bucket holds."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for outcome, n := range map[string]*atomic.Int64{"allowed": &c.allowed, "limited": &c.limited, "never": &c.never} {
				o.Observe(n.Load(), metric.WithAttributes(of, attribute.String("outcome", outcome)))
			}
			return nil
		}))
	_, _ = meter.Int64ObservableCounter("barograph.ratelimit.tokens",
		metric.WithDescription("Tokens taken out of buckets, and those given back as they were not used, by bucket and direction: taken or refunded."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(c.spent.Load(), metric.WithAttributes(of, attribute.String("direction", "taken")))
			o.Observe(c.back.Load(), metric.WithAttributes(of, attribute.String("direction", "refunded")))
			return nil
		}))
	_, _ = meter.Int64ObservableGauge("barograph.ratelimit.buckets",
		metric.WithDescription("Buckets that are kept, by bucket."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(buckets()), metric.WithAttributes(of))
			return nil
		}))
	return c
}

func (c *counts) taken(t Taken) {
	switch {
	case t.OK:
		c.allowed.Add(1)
		c.spent.Add(int64(t.cost))
	case t.Never():
		c.never.Add(1)
	default:
		c.limited.Add(1)
	}
}

func (c *counts) refunded(tokens int) { c.back.Add(int64(tokens)) }
