package weather

import (
	"context"
	"sync/atomic"
)

// A Tally counts what it took to answer one request. It is safe for concurrent
// use.
type Tally struct {
	Calls     atomic.Int64 // to providers, made for it: what was under way already counts for whoever began it
	CacheHits atomic.Int64 // places answered for from the cache, without waiting for a call
}

type tallyKey struct{}

// Count returns a context within which a Service counts into t.
func Count(ctx context.Context, t *Tally) context.Context {
	return context.WithValue(ctx, tallyKey{}, t)
}

// tallyOf returns what counts within ctx, or else a tally nobody reads.
func tallyOf(ctx context.Context) *Tally {
	if t, ok := ctx.Value(tallyKey{}).(*Tally); ok {
		return t
	}
	return &Tally{}
}
