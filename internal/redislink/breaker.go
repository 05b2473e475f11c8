package redislink

import (
	"context"
	"time"
)

const (
	firstPause   = time.Second // before Redis is tried again; each further time, twice as long
	longestPause = 30 * time.Second
	settled      = time.Minute // after which a Redis that is up counts as well again
)

// Up reports whether Redis is worth asking.
func (l *Link) Up() bool { return l.up.Load() }

// Fall leaves Redis alone from now on, since it has failed. Unlike a breaker that
// tries its luck with the next call, it makes nobody wait for the trial.
func (l *Link) Fall(err error) {
	if l.up.CompareAndSwap(true, false) {
		l.config.Logger.Warn(l.config.What+" is gone: this gateway does without", "err", err)
		l.fallen <- struct{}{} // there is room: the one before was taken before it was up
	}
}

// watch tries a Redis that has failed until it is back, and less often if that
// does not last.
func (l *Link) watch(ctx context.Context) {
	pause, back := firstPause, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.fallen:
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
			failing = l.config.Probe(ctx, l.client) != nil
		}
		back = time.Now()
		l.config.Logger.Info(l.config.What + " is back")
		l.up.Store(true)
	}
}
