package resolvers

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"barograph/pipeline"
	"barograph/records"
)

var payloads, _ = otel.Meter("barograph/resolvers").Int64Counter("barograph.payloads",
	metric.WithDescription("Payloads sent for processing, by what became of them: accepted, duplicate, conflict, refused, overloaded or failed."))

// countPayload counts what became of a payload.
func countPayload(ctx context.Context, accepted records.Acceptance, err error) {
	payloads.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome(accepted, err))))
}

func outcome(a records.Acceptance, err error) string {
	switch {
	case err != nil:
		return "failed"
	case a.Duplicate:
		return "duplicate"
	case a.Refusal == nil, a.Refusal.Code == pipeline.StepFailed:
		return "accepted"
	case a.Refusal.Code == pipeline.PayloadConflict:
		return "conflict"
	case a.Refusal.Code == pipeline.Overloaded:
		return "overloaded"
	}
	return "refused"
}
