package loaders

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var (
	meter    = otel.Meter("barograph/loaders")
	sizes, _ = meter.Int64Histogram("barograph.loader.batch.size", metric.WithUnit("{key}"),
		metric.WithDescription("Keys of the batches that loaders fetched: their sum is the keys, their count the calls."))
	loads, _ = meter.Int64Counter("barograph.loader.loads",
		metric.WithDescription("Values that fields asked loaders for, each key as often as it was asked for."))
)

// A kind of value that is loaded, as telemetry names it.
type kind struct {
	name   string
	labels metric.MeasurementOption
}

var (
	weatherKind   = newKind("weather")
	pipelinesKind = newKind("pipelines")
	recordsKind   = newKind("records")
	historyKind   = newKind("history")
	keysKind      = newKind("apiKeys")
)

func newKind(name string) *kind {
	return &kind{name, metric.WithAttributeSet(attribute.NewSet(attribute.String("loader", name)))}
}
