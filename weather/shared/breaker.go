package shared

import (
	"context"
	"fmt"
	"time"
)

const (
	firstPause   = time.Second // before Redis is tried again; each further time, twice as long
	longestPause = 30 * time.Second
	settled      = time.Minute // after which a Redis that is up counts as well again
)

// fall leaves Redis alone from now on. Unlike a breaker that tries its luck with
// the next lookup, it makes nobody wait for the trial: that is for watch.
func (c *Cache) fall(err error) {
	if c.up.CompareAndSwap(true, false) {
		c.logger.Warn("the shared weather cache is gone: this gateway does without", "err", err)
		c.fallen <- struct{}{} // there is room: the one before was taken before it was up
	}
}

// watch tries a Redis that has failed until it is back, and less often if that
// does not last.
func (c *Cache) watch(ctx context.Context) {
	pause, back := firstPause, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.fallen:
		}
		if time.Since(back) > settled {
			pause = firstPause
		}
		for failing := true; failing; pause = min(2*pause, longestPause) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			failing = c.probe(ctx) != nil
		}
		back = time.Now()
		c.logger.Info("the shared weather cache is back")
		c.up.Store(true)
	}
}

// probe returns why Redis cannot do what is asked of it, in time.
func (c *Cache) probe(ctx context.Context) error {
	writing, cancel := context.WithTimeout(ctx, diligence)
	defer cancel()
	key := c.prefix + "probe"
	if err := c.client.Set(writing, key, "", settled).Err(); err != nil { // it may have to connect
		return fmt.Errorf("write: %w", err)
	}
	reading, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := c.client.MGet(reading, key).Err(); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}
