// Package ratelimit bounds how much somebody may do over time: token buckets by
// key, in this process alone or shared with other nodes in a Redis, and a gate
// that has one for each address that requests come from. What something costs, and
// what whoever is refused is told, is left to those who charge.
package ratelimit

import (
	"context"
	"time"
)

// A Limit is that of a bucket: so many tokens come back a second, and as many as
// Burst may be in it. Both are above zero.
type Limit struct {
	Rate  float64
	Burst int
}

// after returns how long so many tokens take to come back.
func (l Limit) after(tokens float64) time.Duration {
	return time.Duration(max(tokens, 0) / l.Rate * float64(time.Second))
}

// Buckets have one bucket for each key. They are safe for concurrent use.
type Buckets interface {
	// Take takes what something costs out of a bucket, all of it or nothing. What
	// costs nothing, or less, takes nothing.
	Take(ctx context.Context, key string, cost int) Taken
	// Drain takes so many tokens out of a bucket. Those that are not in it, it owes, as
	// many as it may have at most: nothing is taken until they have come back.
	Drain(ctx context.Context, key string, tokens int)
	// Limit returns that of each bucket.
	Limit() Limit
}

// Taken is what came of a Take.
type Taken struct {
	OK   bool
	Left int           // tokens in the bucket, as far as this node knows
	Wait time.Duration // until the same may succeed; zero where it did, or never will

	cost  int
	key   string
	back  refunder
	nodes int // that the bucket was shared between, where back is this node's own
}

// Never reports whether the same can never succeed, since no bucket holds as much.
func (t Taken) Never() bool { return !t.OK && t.Wait == 0 }

// Refund gives back what was taken and not used, and returns how many tokens are in
// the bucket then. Whoever took calls it once at most; more than was taken is not
// given.
func (t Taken) Refund(tokens int) (left int) {
	if !t.OK {
		return t.Left
	}
	return t.back.refund(t, min(max(tokens, 0), t.cost))
}

// A refunder is where tokens came from.
type refunder interface {
	refund(t Taken, tokens int) (left int)
}

// A Clock tells how much time has passed since some moment. It never goes back, and
// knows nothing of the time of day, which may.
type Clock func() time.Duration

// Monotonic returns the clock of the system that nobody sets.
func Monotonic() Clock {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
