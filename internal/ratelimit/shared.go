package ratelimit

import (
	"context"
	"time"

	"barograph/internal/redislink"
)

// Shared are buckets that the nodes of a fleet have in common. They are in Redis; a
// node takes tokens out of them for itself and for a little while ahead, so that
// most requests are decided without asking, and what is allowed in all never exceeds
// what is in the bucket. While Redis is gone, a node has its share of each bucket.
type Shared struct {
	fleet    *Fleet
	limit    Limit
	prefix   string // of keys
	accounts *table[account]
	counts   *counts
}

var _ Buckets = (*Shared)(nil)

// An account is what this node knows of one bucket. Its shard's mutex guards it.
type account struct {
	known bucket // in Redis: what it had when it was asked last, and what has come back since
	held  int    // tokens taken out of it and not yet spent
	share bucket // this node's own while Redis is gone; meanwhile, every token counts once for each node
	debt  int    // tokens taken of the share, which Redis has not heard of
	drain int    // tokens drained, of which neither

	trip  chan struct{} // closed when Redis has answered; nil while it is not asked
	asked time.Duration // when that was last
	spent int           // since then
}

const (
	ahead    = 100 * time.Millisecond // for which tokens are taken ahead, at the pace they were spent
	memory   = 100 * time.Millisecond // for which Redis is believed that a bucket has too little
	mostHeld = 16                     // a node holds no more than this part of a bucket for long
	justHeld = 256                    // and takes this part ahead in any case
)

// Limit returns that of each bucket.
func (s *Shared) Limit() Limit { return s.limit }

// Take takes what something costs out of a bucket. It may wait for Redis, 40 ms a
// trip at most, and not at all where that has just failed; and again only where others
// were faster to take what a trip has brought.
func (s *Shared) Take(ctx context.Context, key string, cost int) Taken {
	taken := s.take(ctx, key, max(cost, 0))
	taken.key = key
	s.counts.taken(taken)
	return taken
}

func (s *Shared) take(ctx context.Context, key string, cost int) Taken {
	shard := s.accounts.of(key)
	shard.Lock()
	defer shard.Unlock()
	for {
		now := s.fleet.config.Clock()
		a := s.account(shard, key, now)
		a.known.refill(s.limit, now)
		switch need := cost - a.held; {
		case cost > s.limit.Burst:
			return Taken{Left: a.left(s.limit)}
		case !s.fleet.link.Up():
			return s.alone(a, cost, now)
		case need <= 0:
			a.held -= cost
			a.spent += cost
			return Taken{OK: true, Left: a.left(s.limit), cost: cost, back: (*common)(s)}
		case a.trip != nil:
			trip := a.trip
			shard.Unlock()
			<-trip // 40 ms at most, each
			shard.Lock()
		case now-a.asked < memory && a.known.tokens < float64(need):
			return Taken{Left: a.left(s.limit), Wait: max(s.limit.after(float64(need)-a.known.tokens), 1)}
		default:
			s.ask(ctx, shard, key, a, need) // and look again, before anybody else does
		}
	}
}

// Drain takes so many tokens out of a bucket, which then may owe some: at the next
// occasion.
func (s *Shared) Drain(_ context.Context, key string, tokens int) {
	shard := s.accounts.of(key)
	shard.Lock()
	defer shard.Unlock()
	now := s.fleet.config.Clock()
	a := s.account(shard, key, now)
	tokens = max(tokens, 0)
	held := min(a.held, tokens)
	a.held -= held
	a.owe(s.limit, 0, tokens-held)
	a.known.refill(s.limit, now)
	a.known.owe(s.limit, float64(tokens-held))
	a.share.refill(s.limit, now)
	a.share.owe(s.limit, float64(tokens)*s.nodes())
}

// account returns what is known of a bucket. The caller holds the shard.
func (s *Shared) account(shard *shard[account], key string, now time.Duration) *account {
	a := shard.entries[key]
	if a == nil {
		a = &account{known: full(s.limit, now), share: full(s.limit, now), asked: now - memory}
		s.accounts.put(shard, key, a, func(a *account) float64 {
			return max(a.known.missing(s.limit, now), a.share.missing(s.limit, now))
		})
	}
	return a
}

// left returns how many tokens this node may hope for.
func (a *account) left(l Limit) int { return min(a.known.left()+a.held, l.Burst) }

// owe notes tokens that Redis has to hear of: no more of a kind than a full bucket can
// lose by it.
func (a *account) owe(l Limit, debt, drain int) {
	a.debt, a.drain = min(a.debt+debt, l.Burst), min(a.drain+drain, 2*l.Burst)
}

// lookahead returns how many tokens to take beyond what is needed.
func (a *account) lookahead(l Limit, now time.Duration) int {
	pace := float64(a.spent) / max(now-a.asked, time.Millisecond).Seconds()
	return min(max(int(pace*ahead.Seconds()), l.Burst/justHeld), l.Burst/mostHeld)
}

// alone takes tokens of this node's share.
func (s *Shared) alone(a *account, cost int, now time.Duration) Taken {
	a.share.refill(s.limit, now)
	nodes := int(s.nodes())
	taken := a.share.take(s.limit, s.limit.ofShare(cost, nodes))
	taken.Left /= nodes
	if taken.OK {
		taken.cost, taken.back, taken.nodes = cost, (*own)(s), nodes
		a.owe(s.limit, cost, 0)
		a.known.add(s.limit, -float64(cost))
	}
	return taken
}

// ofShare returns how much of one node's share something takes. What is dearer than
// that takes all of it, so that it is rare rather than impossible; all but for one
// token, since an operation has paid that before its price is known.
func (l Limit) ofShare(cost, nodes int) int {
	return min(cost*nodes, max(l.Burst-nodes, nodes), l.Burst)
}

func (s *Shared) nodes() float64 { return float64(s.fleet.nodes.Load()) }

// ask asks Redis for tokens. The caller holds the shard, which is free meanwhile,
// and holds it again afterwards.
func (s *Shared) ask(ctx context.Context, shard *shard[account], key string, a *account, need int) {
	w := wish{need: need, extra: a.lookahead(s.limit, s.fleet.config.Clock()), debt: a.debt, drain: a.drain}
	a.trip, a.debt, a.drain = make(chan struct{}), 0, 0
	shard.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redislink.Patience) // others wait for it, too
	granted, left, err := s.grant(ctx, key, w)
	cancel()
	if err != nil {
		s.fleet.link.Fall(err) // which logs, and so not with the shard
	}
	shard.Lock()
	close(a.trip)
	a.trip = nil
	now := s.fleet.config.Clock()
	a.asked, a.spent = now, 0
	if err != nil {
		a.owe(s.limit, w.debt, w.drain)
		return
	}
	a.held += granted
	a.known = bucket{float64(left), now}
	a.share.refill(s.limit, now)
	a.share.add(s.limit, -float64(granted)*s.nodes())
}
