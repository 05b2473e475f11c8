package telemetry

import (
	"context"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

// Buckets of the histograms, by what they measure: what an answer from memory
// takes up to what a deadline allows, and from one to the largest batch.
var (
	secondsBuckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
	sizeBuckets    = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}
)

// startMetrics keeps metrics for Prometheus in a registry of its own, beside
// those of the Go runtime and the process, and sends them elsewhere where
// OTEL_METRICS_EXPORTER asks for that.
func (t *Telemetry) startMetrics(ctx context.Context, from *resource.Resource) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	scraped, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return err
	}
	options := []metric.Option{metric.WithResource(from), metric.WithReader(scraped), metric.WithView(buckets)}
	if name := os.Getenv("OTEL_METRICS_EXPORTER"); name != "" && name != "none" && name != "prometheus" {
		pushed, err := newMetricReader(ctx)
		if err != nil {
			return err
		}
		options = append(options, metric.WithReader(pushed))
	}
	provider := metric.NewMeterProvider(options...)
	t.stops = append(t.stops, provider.Shutdown)
	otel.SetMeterProvider(provider)
	t.metrics = promhttp.HandlerFor(registry, handlerOptions)
	return nil
}

// buckets gives a histogram its buckets by its unit.
func buckets(i metric.Instrument) (metric.Stream, bool) {
	if i.Kind != metric.InstrumentKindHistogram {
		return metric.Stream{}, false
	}
	bounds := sizeBuckets
	if i.Unit == "s" {
		bounds = secondsBuckets
	}
	return metric.Stream{
		Name: i.Name, Description: i.Description, Unit: i.Unit,
		Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: bounds},
	}, true
}
