package resolvers

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"barograph/graph/wire"
	"barograph/pipeline"
)

var payloads, _ = otel.Meter("barograph/resolvers").Int64Counter("barograph.payloads",
	metric.WithDescription("Payloads sent for processing, by what became of them: accepted, duplicate, conflict, refused, overloaded or failed."))

// countPayload counts what became of a payload.
func countPayload(ctx context.Context, result *wire.ProcessPayloadResult, err error) {
	payloads.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome(result, err))))
}

func outcome(result *wire.ProcessPayloadResult, err error) string {
	switch {
	case err != nil, result == nil: // nil after a panic
		return "failed"
	case result.Duplicate:
		return "duplicate"
	case len(result.Problems) == 0:
		return "accepted"
	}
	switch result.Problems[0].Code {
	case pipeline.PayloadConflict:
		return "conflict"
	case pipeline.Overloaded:
		return "overloaded"
	}
	return "refused"
}
