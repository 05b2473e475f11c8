package ratelimit

import (
	"math"
	"time"
)

// A bucket holds tokens, which come back as time passes. It owes some where there are
// fewer than none.
type bucket struct {
	tokens float64
	at     time.Duration // when there were so many
}

// full returns the bucket of whoever has taken nothing yet.
func full(l Limit, now time.Duration) bucket { return bucket{float64(l.Burst), now} }

// refill adds what has come back until now.
func (b *bucket) refill(l Limit, now time.Duration) {
	if now > b.at { // another may have read the clock before and come later
		b.add(l, (now-b.at).Seconds()*l.Rate)
		b.at = now
	}
}

// add adds tokens, or takes some away, as far as there is room or there are some.
func (b *bucket) add(l Limit, tokens float64) {
	b.tokens = min(max(b.tokens+tokens, min(b.tokens, 0)), float64(l.Burst))
}

// owe takes tokens away, be they there or not: it owes as many as it may have, at most.
func (b *bucket) owe(l Limit, tokens float64) { b.tokens = max(b.tokens-tokens, -float64(l.Burst)) }

// left returns the whole tokens in it.
func (b *bucket) left() int { return max(int(math.Floor(b.tokens)), 0) }

// missing returns how many tokens there would be more, had nobody taken any. It
// changes nothing.
func (b bucket) missing(l Limit, now time.Duration) float64 {
	b.refill(l, now)
	return float64(l.Burst) - b.tokens
}
