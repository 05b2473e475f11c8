package intake

import (
	"sync"
	"time"
)

// A clock gives each payload of a node a time of its own, in the order in which
// they come, also when the machine's clock is set back: it is the order in which
// those with one ordering key are processed. Between nodes, it is as good as
// their clocks agree.
type clock struct {
	mu   sync.Mutex
	last time.Time // guarded by mu
}

// next returns the first of n times, each a microsecond after the other, of which
// none was given before.
func (c *clock) next(now time.Time, n int) time.Time {
	now = now.UTC().Truncate(time.Microsecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !now.After(c.last) {
		now = after(c.last, 1)
	}
	c.last = after(now, n-1)
	return now
}

func after(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Microsecond) }
