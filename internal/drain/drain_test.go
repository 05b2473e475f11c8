package drain_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"barograph/internal/drain"
)

func TestAStreamEndsWhenItIsItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := drain.New(func() time.Duration { return 2 * time.Second })
		early, stop := drain.Stream(d.Context(t.Context()))
		defer stop()
		time.Sleep(time.Hour) // on the test's own clock
		if early.Err() != nil {
			t.Fatal("the stream ended before the server did")
		}
		d.Begin()
		d.Begin()
		late, stop := drain.Stream(d.Context(t.Context()))
		defer stop()
		for name, stream := range map[string]context.Context{"one from before": early, "one that began meanwhile": late} {
			begun := time.Now()
			<-stream.Done()
			if cause := context.Cause(stream); !errors.Is(cause, drain.ErrStopping) {
				t.Errorf("%s: cause = %v, want ErrStopping", name, cause)
			}
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("%s ended after %s, want 2s at most", name, took)
			}
		}
	})
}

func TestStreamsEndOneAfterAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := time.Duration(0)
		d := drain.New(func() time.Duration { next += time.Second; return next })
		d.Begin()
		begun := time.Now()
		for want := time.Second; want <= 3*time.Second; want += time.Second {
			stream, stop := drain.Stream(d.Context(t.Context()))
			begin := time.Since(begun)
			<-stream.Done()
			stop()
			if took := time.Since(begun) - begin; took != want {
				t.Errorf("it ended after %s, want %s", took, want)
			}
		}
	})
}

func TestAStreamThatIsOverIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine outlives it
		d := drain.New(func() time.Duration { return time.Hour })
		before, stopBefore := drain.Stream(d.Context(t.Context()))
		stopBefore()
		waiting, stopWaiting := drain.Stream(d.Context(t.Context()))
		d.Begin()
		synctest.Wait()
		stopWaiting()
		for _, stream := range []context.Context{before, waiting} {
			if cause := context.Cause(stream); !errors.Is(cause, context.Canceled) {
				t.Errorf("cause = %v, want Canceled", cause)
			}
		}
	})
}

func TestAStreamOfNoServerEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	request, leave := context.WithCancel(t.Context())
	stream, stop := drain.Stream(request)
	defer stop()
	leave()
	<-stream.Done()
	if cause := context.Cause(stream); !errors.Is(cause, context.Canceled) {
		t.Errorf("cause = %v, want Canceled", cause)
	}
}
