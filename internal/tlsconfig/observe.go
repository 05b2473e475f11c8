package tlsconfig

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

var meter = otel.Meter("barograph/internal/tlsconfig")

// Observe makes the state of the certificate a part of the process's metrics. Of
// one process, one server is observed.
func (s *Server) Observe() error {
	until, err := meter.Float64ObservableGauge("barograph.tls.not_after", metric.WithUnit("s"),
		metric.WithDescription("When the certificate that is served ends to be valid, in seconds since 1970."))
	if err != nil {
		return fmt.Errorf("observe the certificate: %w", err)
	}
	failing, err := meter.Int64ObservableGauge("barograph.tls.failing",
		metric.WithDescription("1 while the certificate's files make no sense, and the gateway goes on with the certificate it has."))
	if err != nil {
		return fmt.Errorf("observe the certificate: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		var is int64
		if s.Failing() {
			is = 1
		}
		o.ObserveInt64(failing, is)
		o.ObserveFloat64(until, float64(s.Certificate().NotAfter.Unix()))
		return nil
	}, until, failing)
	if err != nil {
		return fmt.Errorf("observe the certificate: %w", err)
	}
	return nil
}
