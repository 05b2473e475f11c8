package ratelimit

import (
	"sync"
	"time"
)

// A Quiet says of each key once in a while that there is something to log. It is
// safe for concurrent use.
type Quiet struct {
	clock Clock
	every time.Duration

	mu   sync.Mutex
	said map[string]time.Duration // guarded by mu: when, for those of late
}

// quietKeys is of how many keys something is said in a while: of more than these,
// nobody could read it.
const quietKeys = 1000

// NewQuiet returns one that says so of each key at most that often.
func NewQuiet(every time.Duration, clock Clock) *Quiet {
	return &Quiet{clock: clock, every: every, said: map[string]time.Duration{}}
}

// Due reports whether it is time to log something of a key, and takes it that this is
// done.
func (q *Quiet) Due(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.clock()
	if at, said := q.said[key]; said && now-at < q.every {
		return false
	}
	if len(q.said) >= quietKeys {
		for k, at := range q.said {
			if now-at >= q.every {
				delete(q.said, k)
			}
		}
		if len(q.said) >= quietKeys {
			return false
		}
	}
	q.said[key] = now
	return true
}
