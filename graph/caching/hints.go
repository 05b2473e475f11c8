package caching

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// Hints are what the resolvers of one operation know about how long what they
// answered is good for. They are safe for concurrent use.
type Hints struct{ maxAge atomic.Int64 }

type key struct{}

// Collect returns a context for the resolvers of one operation, and their hints.
func Collect(ctx context.Context) (context.Context, *Hints) {
	h := &Hints{}
	h.maxAge.Store(math.MaxInt64)
	return context.WithValue(ctx, key{}, h), h
}

// Limit says that what a resolver answers is good for no longer than maxAge,
// whatever the schema says. Where nobody collects hints it does nothing.
func Limit(ctx context.Context, maxAge time.Duration) {
	h, _ := ctx.Value(key{}).(*Hints)
	if h == nil {
		return
	}
	for {
		least := h.maxAge.Load()
		if int64(maxAge) >= least || h.maxAge.CompareAndSwap(least, int64(maxAge)) {
			return
		}
	}
}

// Policy returns the policy that keeps to the hints as well.
func (h *Hints) Policy(static Policy) Policy {
	static.MaxAge = min(static.MaxAge, time.Duration(h.maxAge.Load()))
	return static
}
