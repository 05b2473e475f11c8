package guard

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/upstream"
)

// The breaker opens when half of at least so many attempts within the period
// failed, lets one through after a while, and closes if that succeeds.
const (
	failureRate   = 0.5 // a fraction: failsafe panics at a percentage
	fewestJudged  = 5
	judgedPeriod  = 30 * time.Second
	openFor       = 10 * time.Second
	openForJitter = 0.1 // of it, so that nodes do not probe in step
)

func (g *Guard) newBreaker() circuitbreaker.CircuitBreaker[[]weather.Result] {
	g.measures.state(circuitbreaker.ClosedState)
	return circuitbreaker.NewBuilder[[]weather.Result]().
		WithFailureRateThreshold(failureRate, fewestJudged, judgedPeriod).
		WithSuccessThreshold(1).
		WithDelay(openFor).WithJitterFactor(openForJitter).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			g.measures.state(e.NewState)
			level := slog.LevelInfo
			if e.NewState == circuitbreaker.OpenState {
				level = slog.LevelWarn
			}
			g.config.Logger.Log(context.Background(), level, "weather provider's circuit breaker changed",
				slog.String("provider", g.provider.Source().Provider), slog.String("from", e.OldState.String()), slog.String("to", e.NewState.String()))
		}).Build()
}

// record tells the breaker what became of an attempt that had so much time.
func (g *Guard) record(share time.Duration, results []weather.Result, err error) {
	refused := (*refusal)(nil)
	unjudged := errors.Is(err, context.Canceled) || errors.As(err, &refused) ||
		// What an impatient caller would not wait for says nothing about the provider.
		(fault.KindOf(err) == fault.UpstreamTimeout && share < g.config.Deadline/4)
	switch {
	case unjudged && g.breaker.IsHalfOpen():
		// The one attempt that was let through gives its place to another.
		g.breaker.Open()
		g.breaker.HalfOpen()
	case unjudged:
	case broken(results, err):
		g.breaker.RecordFailure()
	default:
		g.breaker.RecordSuccess()
	}
}

// broken reports whether an outcome is a failure of the provider's: it cannot be
// reached, takes too long, or answers nonsense. A refusal of what was asked, or
// to be asked so often, is none.
func broken(results []weather.Result, err error) bool {
	if err == nil {
		return allInvalid(results)
	}
	if errors.Is(err, weather.ErrRejected) {
		return false
	}
	switch fault.KindOf(err) {
	case fault.UpstreamTimeout, fault.UpstreamUnavailable, fault.UpstreamInvalid:
		return true
	}
	return false
}

// worthRetrying reports whether asking once more may help.
func worthRetrying(results []weather.Result, err error) bool {
	refused := (*refusal)(nil)
	if err == nil {
		return allInvalid(results)
	}
	return broken(nil, err) && !errors.As(err, &refused) && !errors.Is(err, upstream.ErrRefused) && fault.Of(err).RetryAfter == 0
}

// allInvalid reports whether no place got an answer that makes sense.
func allInvalid(results []weather.Result) bool {
	for _, r := range results {
		if r.Err == nil || errors.Is(r.Err, weather.ErrRejected) || fault.KindOf(r.Err) != fault.UpstreamInvalid {
			return false
		}
	}
	return len(results) > 0
}
