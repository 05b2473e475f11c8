package shared

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var (
	meter     = otel.Meter("barograph/weather/shared")
	looked, _ = meter.Int64Counter("barograph.weather.shared.lookups",
		metric.WithDescription("Places looked for in the shared cache, by outcome: hit, miss, failed, or skipped while it is gone."))
	written, _ = meter.Int64Counter("barograph.weather.shared.writes",
		metric.WithDescription("Places whose reports were to be kept in the shared cache, by outcome: kept, failed, or skipped while it is gone or busy."))
)

func recordLookups(ctx context.Context, outcome string, n int) {
	if n > 0 {
		looked.Add(ctx, int64(n), metric.WithAttributes(attribute.String("outcome", outcome)))
	}
}

func recordWrites(ctx context.Context, outcome string, n int) {
	written.Add(ctx, int64(n), metric.WithAttributes(attribute.String("outcome", outcome)))
}
