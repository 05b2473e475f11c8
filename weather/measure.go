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

var (
	joined, _ = meter.Int64Counter("barograph.weather.joins",
		metric.WithDescription("Reports asked for while they were being fetched for someone else, who shared them."))
	refreshed, _ = meter.Int64Counter("barograph.weather.refreshes",
		metric.WithDescription("Reports refreshed after a stale one was answered, by outcome: done or failed."))
	answered, _ = meter.Int64Counter("barograph.weather.upstream.answers",
		metric.WithDescription("Places that providers were asked for, by provider and by outcome: answered or failed."))
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

	refreshDone   = labelled("outcome", "done")
	refreshFailed = labelled("outcome", "failed")
)

// lookups counts what was found in the cache.
type lookups struct{ fresh, stale, none int64 }

func (l *lookups) count(good freshness) {
	switch good {
	case fresh:
		l.fresh++
	case useless:
		l.none++
	default:
		l.stale++
	}
}

func (l *lookups) record(ctx context.Context) {
	add(ctx, looked, l.fresh, lookupFresh)
	add(ctx, looked, l.stale, lookupStale)
	add(ctx, looked, l.none, lookupNone)
}

// recordResults counts what became of the reports that were asked for.
func recordResults(ctx context.Context, answers []answer) {
	var live, cached, stale, failed int64
	for _, a := range answers {
		switch {
		case a.Report == nil:
			failed++
		case a.State == Cached:
			cached++
		case a.State == Stale:
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

// recordJoined counts the reports that someone else had asked for already.
func recordJoined(ctx context.Context, n int64) { add(ctx, joined, n) }

// recordRefreshed counts a refresh that nobody waited for.
func recordRefreshed(ctx context.Context, err error) {
	if err != nil {
		refreshed.Add(ctx, 1, refreshFailed)
		return
	}
	refreshed.Add(ctx, 1, refreshDone)
}

// recordAnswers counts the places that a provider was asked for, by whether it
// had their weather.
func recordAnswers(ctx context.Context, provider string, results []Result) {
	var had, failed int64
	for _, r := range results {
		if r.Err == nil {
			had++
		} else {
			failed++
		}
	}
	add(ctx, answered, had, metric.WithAttributes(attribute.String("provider", provider), attribute.String("outcome", "answered")))
	add(ctx, answered, failed, metric.WithAttributes(attribute.String("provider", provider), attribute.String("outcome", "failed")))
}

// begin makes the counters that may not move for long show that they have not.
func begin(ctx context.Context) {
	joined.Add(ctx, 0)
	refreshed.Add(ctx, 0, refreshDone)
	refreshed.Add(ctx, 0, refreshFailed)
}

func add(ctx context.Context, counter metric.Int64Counter, n int64, labels ...metric.AddOption) {
	if n > 0 {
		counter.Add(ctx, n, labels...)
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
