package records

import (
	"sync"
	"time"
)

// underway knows since when the batches being written have been under way. The
// queue is first in, first out, so that none that waits is older.
type underway struct {
	mu     sync.Mutex
	since  map[int]time.Time // guarded by mu: when the first draft of each batch was taken on
	serial int               // guarded by mu
}

// begin notes a batch whose oldest draft was taken on at a time, until the
// function it returns is called.
func (u *underway) begin(at time.Time) (end func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.since == nil {
		u.since = map[int]time.Time{}
	}
	u.serial++
	n := u.serial
	u.since[n] = at
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.since, n)
	}
}

// age returns for how long the oldest of the batches has been under way.
func (u *underway) age(now time.Time) (oldest time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, at := range u.since {
		oldest = max(oldest, now.Sub(at))
	}
	return oldest
}
