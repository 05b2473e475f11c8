package weather

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"barograph/internal/fault"
)

var (
	meter     = otel.Meter("barograph/weather")
	looked, _ = meter.Int64Counter("barograph.weather.cache.lookups",
		metric.WithDescription("Reports looked for in the cache, by what was found: fresh, stale or none."))
	served, _ = meter.Int64Counter("barograph.weather.reports",
		metric.WithDescription("Reports asked for, by the state of the answer: LIVE, CACHED, STALE or FAILED."))
	latency, _ = meter.Float64Histogram("barograph.weather.upstream.duration", metric.WithUnit("s"),
		metric.WithDescription("How long calls to providers took, by provider and the code of the error of those that failed."))
	batches, _ = meter.Int64Histogram("barograph.weather.upstream.places", metric.WithUnit("{place}"),
		metric.WithDescription("How many places calls to providers asked for, by provider."))
)

func labelled(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

// What a cache lookup found, and what became of a report.
var (
	lookupFresh  = labelled("state", "fresh")
	lookupStale  = labelled("state", "stale")
	lookupNone   = labelled("state", "none")
	reportLive   = labelled("state", "LIVE")
	reportCached = labelled("state", "CACHED")
	reportStale  = labelled("state", "STALE")
	reportFailed = labelled("state", "FAILED")
)

// lookups counts what was found in the cache.
type lookups struct{ fresh, stale, none int64 }

func (l *lookups) count(report *Report, fresh bool) {
	switch {
	case fresh:
		l.fresh++
	case report != nil:
		l.stale++
	default:
		l.none++
	}
}

func (l *lookups) record(ctx context.Context) {
	add(ctx, looked, l.fresh, lookupFresh)
	add(ctx, looked, l.stale, lookupStale)
	add(ctx, looked, l.none, lookupNone)
}

// recordResults counts what became of the reports that were asked for.
func recordResults(ctx context.Context, results map[Place]Result) {
	var live, cached, stale, failed int64
	for _, r := range results {
		switch {
		case r.Err != nil:
			failed++
		case r.State == Cached:
			cached++
		case r.State == Stale:
			stale++
		default:
			live++
		}
	}
	add(ctx, served, live, reportLive)
	add(ctx, served, cached, reportCached)
	add(ctx, served, stale, reportStale)
	add(ctx, served, failed, reportFailed)
}

func add(ctx context.Context, counter metric.Int64Counter, n int64, label metric.MeasurementOption) {
	if n > 0 {
		counter.Add(ctx, n, label)
	}
}

// recordCall measures a call to a provider.
func recordCall(ctx context.Context, provider string, places int, elapsed time.Duration, err error) {
	from := attribute.String("provider", provider)
	batches.Record(ctx, int64(places), metric.WithAttributes(from))
	if err == nil {
		latency.Record(ctx, elapsed.Seconds(), metric.WithAttributes(from))
		return
	}
	latency.Record(ctx, elapsed.Seconds(), metric.WithAttributes(from, attribute.String("error.type", fault.KindOf(err).Code())))
}
