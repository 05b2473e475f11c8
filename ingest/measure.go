package ingest

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"barograph/internal/fault"
)

var (
	meter       = otel.Meter("barograph/ingest")
	payloads, _ = meter.Int64Counter("barograph.ingest.payloads",
		metric.WithDescription("Payloads that came as messages, by what became of them: accepted, duplicate, conflict, rejected or failed."))
	groupSizes, _ = meter.Int64Histogram("barograph.ingest.group.size", metric.WithUnit("{payload}"),
		metric.WithDescription("How many payloads were submitted together."))
	streams, _ = meter.Int64UpDownCounter("barograph.ingest.streams",
		metric.WithDescription("Streams of messages that are open."))
	endings, _ = meter.Int64Counter("barograph.ingest.endings",
		metric.WithDescription("Streams of messages that ended, by the code of why those did that were not read to their end."))
	refusals, _ = meter.Int64Counter("barograph.ingest.refusals",
		metric.WithDescription("Requests with messages that were refused as a whole, by the status of the answer."))
)

func countResults(ctx context.Context, all []result) {
	counts := map[outcome]int64{}
	for _, r := range all {
		counts[r.Outcome]++
	}
	for o, n := range counts {
		payloads.Add(ctx, n, metric.WithAttributes(attribute.String("outcome", strings.ToLower(string(o)))))
	}
}

func countRefused(ctx context.Context, status int) {
	refusals.Add(ctx, 1, metric.WithAttributes(attribute.Int("http.response.status_code", status)))
}

// countEnding counts a stream that ended, nil if it was read to its end.
func countEnding(ctx context.Context, err error) {
	switch {
	case err == nil:
		endings.Add(ctx, 1)
	case errors.Is(err, context.Canceled):
		endings.Add(ctx, 1, metric.WithAttributes(attribute.String("error.type", "CANCELED")))
	default:
		endings.Add(ctx, 1, metric.WithAttributes(attribute.String("error.type", fault.KindOf(err).Code())))
	}
}
