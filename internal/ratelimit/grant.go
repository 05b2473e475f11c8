package ratelimit

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"

	"github.com/redis/go-redis/v9"

	"barograph/internal/redislink"
)

//go:embed bucket.lua
var bucketText string

var bucketScript = redis.NewScript(bucketText)

// A wish is what Redis is asked to do with a bucket.
type wish struct {
	need  int // to take, all of it or nothing
	extra int // to take beyond, as far as there is plenty
	give  int // to put back
	debt  int // to take away, as far as it is there
	drain int // to take away, be it there or not
}

func (s *Shared) args(w wish) []any {
	return []any{s.limit.Rate, s.limit.Burst, w.need, w.extra, w.give, w.debt, w.drain}
}

// name returns the name of a bucket in Redis, which tells nobody whose it is.
func (s *Shared) name(key string) string {
	hash := sha256.Sum256([]byte(key))
	return s.prefix + hex.EncodeToString(hash[:16])
}

// grant fulfils a wish, and returns what was granted and what is left.
func (s *Shared) grant(ctx context.Context, key string, w wish) (granted, left int, err error) {
	answer, err := bucketScript.Run(ctx, s.fleet.link.Client(), []string{s.name(key)}, s.args(w)...).Int64Slice()
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("take tokens: %w", err)
	case len(answer) != 2:
		return 0, 0, fmt.Errorf("take tokens: %d answers instead of 2", len(answer))
	}
	return int(answer[0]), int(answer[1]), nil
}

// common refunds what was taken out of a bucket in Redis.
type common Shared

// refund keeps the tokens at hand: whoever did not use them is likely to ask again.
func (c *common) refund(t Taken, tokens int) (left int) {
	s := (*Shared)(c)
	s.counts.refunded(tokens)
	shard := s.accounts.of(t.key)
	shard.Lock()
	defer shard.Unlock()
	a := s.account(shard, t.key, s.fleet.config.Clock())
	a.held = min(a.held+tokens, s.limit.Burst)
	return a.left(s.limit)
}

// own refunds what was taken of this node's share.
type own Shared

// refund gives back what the rest would not have taken.
func (o *own) refund(t Taken, tokens int) (left int) {
	s := (*Shared)(o)
	s.counts.refunded(tokens)
	shard := s.accounts.of(t.key)
	shard.Lock()
	defer shard.Unlock()
	now := s.fleet.config.Clock()
	a := s.account(shard, t.key, now)
	a.debt = max(a.debt-tokens, 0)
	a.share.refill(s.limit, now)
	taken, used := s.limit.ofShare(t.cost, t.nodes), (t.cost-tokens)*t.nodes
	a.share.add(s.limit, float64(max(taken-used, 0)))
	return a.share.left() / t.nodes
}

// giveBack returns to Redis what is held and has not been used since the last beat,
// or is more than a node should hold; or all of it. Debts are paid with it. What
// cannot be returned is lost, and comes back with time.
func (s *Shared) giveBack(running context.Context, all bool) {
	wishes := map[string]wish{}
	now := s.fleet.config.Clock()
	for i := range s.accounts.shards {
		shard := &s.accounts.shards[i]
		shard.Lock()
		for key, a := range shard.entries {
			if a.trip != nil {
				continue
			}
			give := max(a.held-s.limit.Burst/mostHeld, 0)
			if all || a.spent == 0 && now-a.asked > beat {
				give = a.held
			}
			if give > 0 || a.debt > 0 || a.drain > 0 {
				wishes[key] = wish{give: give, debt: a.debt, drain: a.drain}
				a.held, a.debt, a.drain = a.held-give, 0, 0
				a.known.add(s.limit, float64(give))
			}
			if now-a.asked > beat {
				a.spent = 0
			}
		}
		shard.Unlock()
	}
	if len(wishes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(running, redislink.Diligence)
	defer cancel()
	pipe := s.fleet.link.Client().Pipeline()
	for key, w := range wishes {
		bucketScript.EvalSha(ctx, pipe, []string{s.name(key)}, s.args(w)...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		s.oweAgain(wishes)
		if running.Err() == nil {
			s.fleet.link.Fall(err)
		}
	}
}

// oweAgain notes what Redis was to hear of and may not have: it is better told twice
// than never.
func (s *Shared) oweAgain(wishes map[string]wish) {
	now := s.fleet.config.Clock()
	for key, w := range wishes {
		if w.debt == 0 && w.drain == 0 {
			continue
		}
		shard := s.accounts.of(key)
		shard.Lock()
		s.account(shard, key, now).owe(s.limit, w.debt, w.drain)
		shard.Unlock()
	}
}
