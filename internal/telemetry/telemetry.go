// Package telemetry starts what makes the gateway's doings visible: the
// OpenTelemetry SDK behind the traces and metrics that the other packages
// record through its API, and a handler of logs that says to which operation
// a line belongs. Serving the metrics is left to others.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
)

const flushTimeout = 5 * time.Second // for what has been recorded to leave

// Telemetry is what has been started.
type Telemetry struct {
	metrics http.Handler
	logger  *slog.Logger
	stops   []func(context.Context) error
}

// Start starts the SDK of the whole process, as the standard OTEL_* variables
// say. Metrics are always kept, for Metrics to serve; traces are recorded only
// when the variables name an exporter or where to send them.
func Start(ctx context.Context, logger *slog.Logger) (*Telemetry, error) {
	otel.SetLogger(logr.FromSlogHandler(sdkHandler{logger.Handler()}))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("telemetry is failing", "err", err)
	}))
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t := &Telemetry{metrics: http.NotFoundHandler(), logger: logger}
	if os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return t, nil
	}
	from, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("barograph"), semconv.ServiceVersion(Version())),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("describe the process: %w", err)
	}
	if err := t.startMetrics(ctx, from); err != nil {
		return nil, fmt.Errorf("start metrics: %w", err)
	}
	if err := t.startTraces(ctx, from); err != nil {
		t.Shutdown(ctx)
		return nil, fmt.Errorf("start traces: %w", err)
	}
	return t, nil
}

// Metrics serves what has been measured, to Prometheus and its like.
func (t *Telemetry) Metrics() http.Handler { return t.metrics }

// Shutdown sends off what has been recorded, for some seconds at most, and
// stops. What does not arrive is lost, and that is logged.
func (t *Telemetry) Shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	for _, stop := range t.stops {
		if err := stop(ctx); err != nil {
			t.logger.WarnContext(ctx, "telemetry is lost", "err", err)
		}
	}
}

var handlerOptions = promhttp.HandlerOpts{EnableOpenMetrics: true} // for their exemplars
