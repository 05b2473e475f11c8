// Package guard stands between the gateway and a provider, so that neither does
// the other harm. It is a provider itself: one with a deadline, at most one
// retry, a circuit breaker, a bound on the calls under way and, where calls are
// free, a second call beside one that hangs. Who asks us to slow down is obeyed
// by the whole node. What is fetched, and what serves instead of what cannot be
// fetched, is left to others.
//
// It guards fetching and decoding alike: a broken body comes with a 200 too.
package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"barograph/internal/fault"
	"barograph/weather"
)

// A Config says how a provider is guarded.
type Config struct {
	// Deadline is that of a call with its retry; zero is 5 seconds. A caller with
	// less time gets less.
	Deadline time.Duration
	// Hedge makes a second call beside one that takes longer than nearly all
	// others did. It doubles what such a call costs: it is for providers without a
	// quota.
	Hedge bool
	// Now tells the time.
	Now func() time.Time
	// Random returns a number from 0 to below 1, and is safe for concurrent use.
	Random func() float64
	Logger *slog.Logger
}

const (
	usualDeadline = 5 * time.Second
	longestWait   = 250 * time.Millisecond // before the retry
	longestPause  = time.Hour              // that a provider can ask for
)

// A Guard is a guarded provider. It is safe for concurrent use.
type Guard struct {
	provider weather.Provider
	config   Config
	room     bulkhead.Bulkhead[[]weather.Result]
	breaker  circuitbreaker.CircuitBreaker[[]weather.Result]
	hedging  failsafe.Executor[[]weather.Result] // nil without
	budget   *budget
	pause    pause
	measures measures
	attempts sync.WaitGroup
}

// New returns a guard around a provider.
func New(provider weather.Provider, config Config) *Guard {
	if config.Deadline == 0 {
		config.Deadline = usualDeadline
	}
	g := &Guard{
		provider: provider,
		config:   config,
		room:     bulkhead.New[[]weather.Result](uint(max(provider.Limits().Calls, 1))),
		budget:   newBudget(),
		measures: measuring(provider.Source().Provider),
	}
	g.breaker = g.newBreaker()
	if config.Hedge {
		g.hedging = g.newHedging()
	}
	return g
}

// Source tells where the provider's reports come from.
func (g *Guard) Source() weather.Source { return g.provider.Source() }

// Limits are the provider's.
func (g *Guard) Limits() weather.Limits { return g.provider.Limits() }

// Has is what the provider has.
func (g *Guard) Has() weather.Need { return g.provider.Has() }

// Close waits for calls under way that nobody waits for any more.
func (g *Guard) Close() { g.attempts.Wait() }

// Fetch asks the provider for the places, again if that failed and is likely to
// help. It answers by the deadline, and at once while the provider is away or
// has asked for a pause.
func (g *Guard) Fetch(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	if err := g.pause.err(g.config.Now()); err != nil {
		g.measures.refused(ctx, "paused")
		return nil, err
	}
	g.budget.earn()
	total := g.share(ctx)
	within, cancel := context.WithTimeout(ctx, total)
	defer cancel()
	fetch := func(ctx context.Context) ([]weather.Result, error) { return g.provider.Fetch(ctx, places, need) }

	// The first attempt leaves the retry two fifths of the time.
	results, err := g.attempt(within, total*3/5, fetch)
	if !worthRetrying(results, err) || !g.budget.spend() || !g.wait(within) {
		return results, err
	}
	g.measures.retried(ctx)
	again, failed := g.attempt(within, total, fetch)
	if refusal := (*refusal)(nil); errors.As(failed, &refusal) {
		return results, err // which says more than that the breaker has opened since
	}
	return again, failed
}

// share returns how much time a call may take: the deadline, or nine tenths of
// what the caller has, so that it can still answer with something else.
func (g *Guard) share(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(g.config.Deadline, time.Until(deadline)*9/10)
	}
	return g.config.Deadline
}

// wait pauses before a retry for a random time, since many may fail at once, and
// reports whether there is still time for it.
func (g *Guard) wait(ctx context.Context) bool {
	timer := time.NewTimer(time.Duration(g.config.Random() * float64(longestWait)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt makes one call, and a second one beside it where that is wanted,
// unless the breaker is open.
func (g *Guard) attempt(ctx context.Context, share time.Duration, fetch fetch) ([]weather.Result, error) {
	if !g.breaker.TryAcquirePermit() {
		g.measures.refused(ctx, "open")
		return nil, &refusal{fault.New(fault.UpstreamUnavailable, "the weather provider is not available").After(max(g.breaker.RemainingDelay(), time.Second))}
	}
	within, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	results, err := g.hedged(within, fetch)
	known := (*fault.Error)(nil)
	switch {
	case errors.Is(ctx.Err(), context.Canceled): // whatever else went wrong
		results, err = nil, fmt.Errorf("ask the weather provider: %w", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &known):
		err = fault.Wrap(err, fault.UpstreamTimeout, "the weather provider did not answer in time")
	}
	g.record(share, results, err)
	if err = g.pause.note(err, g.config.Now()); err != nil {
		return nil, err
	}
	return results, nil
}

type fetch func(context.Context) ([]weather.Result, error)

// A refusal is an answer of the guard's own: the provider has not been asked.
type refusal struct{ fault *fault.Error }

func (r *refusal) Error() string { return r.fault.Error() }
func (r *refusal) Unwrap() error { return r.fault }
