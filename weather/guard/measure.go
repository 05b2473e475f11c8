package guard

import (
	"context"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var (
	meter      = otel.Meter("barograph/weather/guard")
	retries, _ = meter.Int64Counter("barograph.weather.upstream.retries",
		metric.WithDescription("Calls to providers that were made a second time, by provider."))
	hedges, _ = meter.Int64Counter("barograph.weather.upstream.hedges",
		metric.WithDescription("Calls to providers made beside one that took long, by provider."))
	refusals, _ = meter.Int64Counter("barograph.weather.upstream.refusals",
		metric.WithDescription("Calls to providers that were not made, by provider and reason: paused, open, full."))
	breakers, _ = meter.Int64Gauge("barograph.weather.upstream.breaker",
		metric.WithDescription("The circuit breaker of each provider: 0 is closed, 1 half-open, 2 open."))
)

// measures are those of one provider.
type measures struct {
	provider attribute.KeyValue
	label    metric.MeasurementOption
}

// measuring returns the measures of a provider. They are there from the start:
// a rate of what appears with its first event would miss that.
func measuring(provider string) measures {
	key := attribute.String("provider", provider)
	m := measures{key, metric.WithAttributeSet(attribute.NewSet(key))}
	ctx := context.Background()
	retries.Add(ctx, 0, m.label)
	hedges.Add(ctx, 0, m.label)
	for _, reason := range []string{"paused", "open", "full"} {
		refusals.Add(ctx, 0, m.because(reason))
	}
	return m
}

func (m measures) because(reason string) metric.MeasurementOption {
	return metric.WithAttributes(m.provider, attribute.String("reason", reason))
}

func (m measures) retried(ctx context.Context) { retries.Add(ctx, 1, m.label) }
func (m measures) hedged(ctx context.Context)  { hedges.Add(ctx, 1, m.label) }

func (m measures) refused(ctx context.Context, reason string) {
	refusals.Add(ctx, 1, m.because(reason))
}

func (m measures) state(s circuitbreaker.State) {
	value := int64(0)
	switch s {
	case circuitbreaker.HalfOpenState:
		value = 1
	case circuitbreaker.OpenState:
		value = 2
	}
	breakers.Record(context.Background(), value, m.label)
}
