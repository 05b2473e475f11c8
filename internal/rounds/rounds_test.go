package rounds_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/rounds"
)

func TestARoundIsFollowedByAnotherAfterItsRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		start := time.Now()
		var began []time.Duration
		rounds.Run(ctx, func(context.Context) time.Duration {
			began = append(began, time.Since(start))
			<-time.After(time.Second) // it takes a while
			if len(began) == 3 {
				stop()
			}
			return time.Duration(len(began)) * time.Minute
		})
		if want := []time.Duration{0, time.Second + time.Minute, 2*time.Second + 3*time.Minute}; !slices.Equal(began, want) {
			t.Errorf("rounds began after %v, want %v", began, want)
		}
	})
}

func TestNoRoundBeginsOnceItIsDone(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	rounds.Run(ctx, func(context.Context) time.Duration {
		n++
		stop()
		return time.Hour
	})
	if n != 1 {
		t.Errorf("there were %d rounds, want 1", n)
	}
}
