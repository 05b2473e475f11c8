package edge

import (
	"crypto/tls"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var (
	meter        = otel.Meter("barograph/internal/edge")
	handshook, _ = meter.Int64Counter("barograph.tls.handshakes",
		metric.WithDescription("TLS handshakes, by outcome: full, resumed or failed."))

	outcomeFull    = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", "full")))
	outcomeResumed = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", "resumed")))
	outcomeFailed  = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", "failed")))
)

func outcomeOf(state tls.ConnectionState) metric.MeasurementOption {
	if state.DidResume {
		return outcomeResumed
	}
	return outcomeFull
}
