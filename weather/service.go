package weather

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"barograph/internal/fault"
	"barograph/internal/operation"
)

// callTimeout is that of one call to the provider.
const callTimeout = 8 * time.Second

// A Service answers for places from its cache and a provider. It is safe for
// concurrent use.
type Service struct {
	provider Provider
	cache    *cache
	lanes    chan struct{} // holds one token for each call under way
	now      func() time.Time
	logger   *slog.Logger
}

// NewService returns a service over the provider that tells the time by now.
func NewService(provider Provider, now func() time.Time, logger *slog.Logger) *Service {
	return &Service{
		provider: provider,
		cache:    newCache(now),
		lanes:    make(chan struct{}, provider.Limits().Calls),
		now:      now,
		logger:   logger,
	}
}

// Reports returns one result for each place, in order; equal places are asked
// for once. It answers from the cache where that is fresh and covers the need,
// fetches the rest in as few calls as the provider allows, and falls back on a
// stale report where fetching fails.
func (s *Service) Reports(ctx context.Context, places []Place, need Need) []Result {
	results := make(map[Place]Result, len(places))
	var missing []Place
	wanted := need
	var found lookups
	for _, p := range places {
		if _, seen := results[p]; seen {
			continue
		}
		report, fresh := s.cache.find(p, need)
		found.count(report, fresh)
		if fresh {
			results[p] = Result{Report: report, State: Cached}
			continue
		}
		results[p] = Result{Report: report, State: Stale}
		missing = append(missing, p)
		// Two views that need different parts of a report must not push each
		// other's out of the cache in turn.
		wanted = wanted.And(s.cache.held(p))
	}
	found.record(ctx)
	for i, fetched := range s.fetch(ctx, missing, wanted) {
		switch stale := results[missing[i]].Report; {
		case fetched.Err == nil:
			s.cache.keep(fetched.Report, wanted)
			results[missing[i]] = fetched
		case stale == nil:
			results[missing[i]] = fetched
		}
	}
	recordResults(ctx, results)
	ordered := make([]Result, len(places))
	for i, p := range places {
		ordered[i] = results[p]
	}
	return ordered
}

// fetch asks the provider for the places, chunks of them side by side.
func (s *Service) fetch(ctx context.Context, places []Place, need Need) []Result {
	results := make([]Result, len(places))
	var calls errgroup.Group
	for start := 0; start < len(places); start += s.provider.Limits().Batch {
		end := min(start+s.provider.Limits().Batch, len(places))
		calls.Go(func() error {
			s.fetchChunk(ctx, places[start:end], need, results[start:end])
			return nil
		})
	}
	_ = calls.Wait() // each result holds its own error
	return results
}

// fetchChunk fills results for the places with one call, or, when the provider
// will not have one of them, with calls for ever smaller halves until that one
// stands alone.
func (s *Service) fetchChunk(ctx context.Context, places []Place, need Need, results []Result) {
	fetched, err := s.call(ctx, places, need)
	switch half := len(places) / 2; {
	case err == nil:
		copy(results, fetched)
	case errors.Is(err, ErrRejected) && half > 0:
		s.fetchChunk(ctx, places[:half], need, results[:half])
		s.fetchChunk(ctx, places[half:], need, results[half:])
	default:
		for i := range results {
			results[i].Err = err
		}
	}
}

var fetchWeather = operation.New("fetch weather")

// call makes one call to the provider once a lane is free.
func (s *Service) call(ctx context.Context, places []Place, need Need) ([]Result, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	select {
	case s.lanes <- struct{}{}:
		defer func() { <-s.lanes }()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, fmt.Errorf("wait to fetch weather: %w", ctx.Err()) // which is no fault of the provider's
		}
		return nil, fault.Wrap(ctx.Err(), fault.UpstreamTimeout, "the weather provider is busy")
	}
	return operation.Value(ctx, fetchWeather, s.logger, func(ctx context.Context) (results []Result, err error) {
		start := s.now()
		defer func() { recordCall(ctx, s.provider.Source().Provider, len(places), s.now().Sub(start), err) }()
		results, err = s.ask(ctx, places, need)
		if err == nil && len(results) != len(places) {
			err = fault.New(fault.UpstreamInvalid, "the weather provider answered for %d places instead of %d", len(results), len(places))
		}
		return results, err
	}, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("provider", s.provider.Source().Provider), attribute.Int("places", len(places)),
		attribute.Int("hours", need.Hours), attribute.Int("days", need.Days)))
}

// ask asks the provider, whose bugs end with the call: this goroutine is
// nobody's, so that a panic would end the program.
func (s *Service) ask(ctx context.Context, places []Place, need Need) (results []Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return s.provider.Fetch(ctx, places, need)
}
