package ratelimit

import (
	"hash/maphash"
	"sync"
)

const (
	shards = 64
	// sampled is of how many entries the one that is missed least makes room.
	sampled = 16
)

// A table keeps something for each key, for so many keys at most. Where it is full,
// one of those makes room that lose the least by it: to be forgotten is to have a
// full bucket again, which nobody gets who floods the table with keys of its own,
// since their buckets are fuller than the one it has emptied.
type table[T any] struct {
	seed   maphash.Seed
	most   int // in one shard
	shards [shards]shard[T]
}

// A shard is a part of a table. Whoever uses one locks it.
type shard[T any] struct {
	sync.Mutex
	entries map[string]*T // guarded by the mutex
}

func newTable[T any](entries int) *table[T] {
	t := &table[T]{seed: maphash.MakeSeed(), most: max(entries/shards, 1)}
	for i := range t.shards {
		t.shards[i].entries = map[string]*T{}
	}
	return t
}

// of returns the shard of a key.
func (t *table[T]) of(key string) *shard[T] { return &t.shards[maphash.String(t.seed, key)%shards] }

// put keeps an entry in a locked shard, and forgets another where there is no room:
// one for which loss is the least.
func (t *table[T]) put(s *shard[T], key string, entry *T, loss func(*T) float64) {
	if len(s.entries) >= t.most {
		var leaves string
		var loses float64
		seen := 0
		for k, e := range s.entries { // from anywhere on
			if l := loss(e); seen == 0 || l < loses {
				leaves, loses = k, l
			}
			if seen++; seen == sampled {
				break
			}
		}
		delete(s.entries, leaves)
	}
	s.entries[key] = entry
}

// size returns how many entries there are.
func (t *table[T]) size() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.Lock()
		n += len(s.entries)
		s.Unlock()
	}
	return n
}
