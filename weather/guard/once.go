package guard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"

	"barograph/internal/fault"
	"barograph/weather"
)

// once makes one call once there is room for it. A panic ends with the call: a
// hedge's goroutine is nobody's, so that it would end the program.
func (g *Guard) once(ctx context.Context, fetch fetch) (results []weather.Result, err error) {
	if err := g.room.AcquirePermit(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, fmt.Errorf("wait to ask the weather provider: %w", err)
		}
		g.measures.refused(ctx, "full")
		return nil, &refusal{fault.Wrap(err, fault.UpstreamTimeout, "the weather provider is busy")}
	}
	defer g.room.ReleasePermit()
	defer func() {
		if p := recover(); p != nil {
			results, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return fetch(ctx)
}

// Nearly all calls take less than this quantile of the last hundred or so, once
// there have been some to judge by.
const (
	hedgeQuantile = 0.95
	hedgeMemory   = 100
	hedgeAfter    = 10
)

// errDear is the outcome of a hedge that the budget does not allow.
var errDear = errors.New("no budget for a second call")

// newHedging returns what makes second calls. It counts its goroutines before it
// starts them, so that Close misses none.
func (g *Guard) newHedging() failsafe.Executor[[]weather.Result] {
	return failsafe.With[[]weather.Result](hedgepolicy.NewBuilderWithDelayQuantile[[]weather.Result](hedgeQuantile, hedgeMemory, hedgeAfter).
		OnHedge(func(failsafe.ExecutionEvent[[]weather.Result]) { g.attempts.Add(1) }).
		CancelIf(func(_ []weather.Result, err error) bool { return !errors.Is(err, errDear) }).
		Build())
}

// hedged makes one call and, where that is wanted, another one beside it if it
// takes long. The first outcome counts.
func (g *Guard) hedged(ctx context.Context, fetch fetch) ([]weather.Result, error) {
	if g.hedging == nil {
		return g.once(ctx, fetch)
	}
	g.attempts.Add(1)
	return g.hedging.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[[]weather.Result]) ([]weather.Result, error) {
		defer g.attempts.Done()
		if e.IsHedge() {
			if !g.budget.spend() {
				return nil, errDear
			}
			g.measures.hedged(ctx)
		}
		return g.once(e.Context(), fetch) //nolint:contextcheck // it is a child of ctx
	})
}
