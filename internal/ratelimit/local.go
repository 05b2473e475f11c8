package ratelimit

import "context"

// DefaultBuckets is how many buckets are kept where nobody says otherwise: some
// 10 MB.
const DefaultBuckets = 1 << 16

// Local are buckets of this process alone.
type Local struct {
	limit   Limit
	clock   Clock
	buckets *table[bucket]
	counts  *counts
}

var _ Buckets = (*Local)(nil)

// NewLocal returns buckets, and keeps so many at most. The name is theirs in
// metrics.
func NewLocal(name string, limit Limit, buckets int, clock Clock) *Local {
	l := &Local{limit: limit, clock: clock, buckets: newTable[bucket](buckets)}
	l.counts = newCounts(name, l.buckets.size)
	return l
}

// Limit returns that of each bucket.
func (l *Local) Limit() Limit { return l.limit }

// Take takes what something costs out of a bucket.
func (l *Local) Take(_ context.Context, key string, cost int) Taken {
	s := l.buckets.of(key)
	s.Lock()
	taken := l.bucket(s, key).take(l.limit, max(cost, 0))
	s.Unlock()
	taken.key, taken.back = key, l
	l.counts.taken(taken)
	return taken
}

// Drain takes so many tokens out of a bucket, which then may owe some.
func (l *Local) Drain(_ context.Context, key string, tokens int) {
	s := l.buckets.of(key)
	s.Lock()
	defer s.Unlock()
	l.bucket(s, key).owe(l.limit, float64(max(tokens, 0)))
}

// bucket returns the bucket of a key as it is now. The caller holds the shard.
func (l *Local) bucket(s *shard[bucket], key string) *bucket {
	now := l.clock()
	b := s.entries[key]
	if b == nil {
		fresh := full(l.limit, now)
		b = &fresh
		l.buckets.put(s, key, b, func(b *bucket) float64 { return b.missing(l.limit, now) })
	}
	b.refill(l.limit, now)
	return b
}

// refund gives tokens back. Who has been forgotten has a full bucket.
func (l *Local) refund(t Taken, tokens int) (left int) {
	l.counts.refunded(tokens)
	s := l.buckets.of(t.key)
	s.Lock()
	defer s.Unlock()
	b := s.entries[t.key]
	if b == nil {
		return l.limit.Burst
	}
	b.refill(l.limit, l.clock())
	b.add(l.limit, float64(tokens))
	return b.left()
}

// take takes so many tokens out of a bucket that is refilled.
func (b *bucket) take(l Limit, cost int) Taken {
	c := float64(cost)
	switch {
	case cost > l.Burst:
		return Taken{Left: b.left()}
	case cost > 0 && b.tokens < c:
		return Taken{Left: b.left(), Wait: max(l.after(c-b.tokens), 1)}
	}
	b.tokens -= c
	return Taken{OK: true, Left: b.left(), cost: cost}
}
