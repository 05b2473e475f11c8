package telemetry

import (
	"context"
	"os"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// startTraces records traces if there is somewhere for them to go. Where there
// is not, spans cost next to nothing.
func (t *Telemetry) startTraces(ctx context.Context, from *resource.Resource) error {
	if !exported("TRACES") {
		otel.SetTracerProvider(noop.NewTracerProvider())
		return nil
	}
	exporter, err := newSpanExporter(ctx)
	if err != nil {
		return err
	}
	if autoexport.IsNoneSpanExporter(exporter) {
		otel.SetTracerProvider(noop.NewTracerProvider())
		return nil
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(from))
	t.stops = append(t.stops, provider.Shutdown)
	otel.SetTracerProvider(provider)
	return nil
}

// exported reports whether the environment asks for a signal to be sent
// somewhere: by an exporter's name, or by an address.
func exported(signal string) bool {
	for _, name := range []string{"OTEL_" + signal + "_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_" + signal + "_ENDPOINT"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}
