package weather

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/fault"
	"barograph/internal/operation"
)

var fetchWeather = operation.New("fetch weather")

// fetch asks the provider of a call, more than once where it refuses a place.
func (s *Service) fetch(ctx context.Context, l *call) []Result {
	source := l.line.provider.Source().Provider
	results := isolate(l.places, func(places []Place) ([]Result, error) {
		return operation.Value(ctx, fetchWeather, s.logger, func(ctx context.Context) (results []Result, err error) {
			l.tally.Calls.Add(1)
			start := s.now()
			defer func() { recordCall(ctx, source, len(places), s.now().Sub(start), err) }()
			results, err = ask(ctx, l.line.provider, places, l.need)
			for _, link := range s.coalescer.operations(l) {
				trace.SpanFromContext(ctx).AddLink(link)
			}
			return results, err
		}, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("provider", source), attribute.Int("places", len(places)),
			attribute.Int("hours", l.need.Hours), attribute.Int("days", l.need.Days)))
	})
	recordAnswers(ctx, source, results)
	return results
}

// ask asks a provider, whose bugs end with the call: this goroutine is
// nobody's, so that a panic would end the program.
func ask(ctx context.Context, provider Provider, places []Place, need Need) (results []Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	results, err = provider.Fetch(ctx, places, need)
	var known *fault.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &known):
		return nil, fault.Wrap(err, fault.UpstreamTimeout, "the weather provider did not answer in time")
	case err != nil:
		return nil, err
	case len(results) != len(places):
		return nil, fault.New(fault.UpstreamInvalid, "the weather provider answered for %d places instead of %d", len(results), len(places))
	}
	for i, r := range results {
		if r.Err == nil && (r.Report == nil || r.Report.Place != places[i]) {
			results[i] = Result{Err: fault.New(fault.UpstreamInvalid, "the weather provider did not answer for this place")}
		}
	}
	return results, nil
}

// of returns a part of a provider's answer.
func (r Result) of(p part) Result {
	switch {
	case r.Err != nil:
		return Result{Err: r.Err}
	case p == forecast && r.Report.AirQuality == nil:
		return Result{Report: r.Report}
	case p == forecast:
		alone := *r.Report
		alone.AirQuality = nil
		return Result{Report: &alone}
	case r.AirErr != nil:
		return Result{Err: r.AirErr}
	}
	alone := &Report{Place: r.Report.Place, Source: r.Report.Source, FetchedAt: r.Report.FetchedAt, ExpiresAt: r.Report.ExpiresAt}
	if quality := r.Report.AirQuality; quality != nil {
		alone.AirQuality, alone.Source = quality, quality.Source
		alone.FetchedAt, alone.ExpiresAt = quality.FetchedAt, quality.ExpiresAt
	}
	return Result{Report: alone}
}
