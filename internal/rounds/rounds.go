// Package rounds does work that is never over, such as sweeping, a round at a time.
package rounds

import (
	"context"
	"time"
)

// Run does a round at once, and others until ctx is done. Each says how long to rest
// after it.
func Run(ctx context.Context, round func(context.Context) (rest time.Duration)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(round(ctx))
	}
}
