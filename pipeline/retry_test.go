package pipeline_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"barograph/pipeline"
)

func TestRetryWaitsLongerAndNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := pipeline.Retry{
			Attempts:  rapid.IntRange(1, 100).Draw(t, "attempts"),
			BackoffMs: rapid.Int64Range(1, 604_800_000).Draw(t, "backoff"),
		}
		r.BackoffMaxMs = rapid.Int64Range(r.BackoffMs, 604_800_000).Draw(t, "backoff at most")
		r.DeadlineMs = rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 2_592_000_000)).Draw(t, "deadline")
		made := rapid.IntRange(1, 120).Draw(t, "made")
		random := rapid.Float64Range(0, 1).Draw(t, "random")
		now := noon.Add(time.Duration(rapid.Int64Range(0, 2_592_000_000).Draw(t, "since")) * time.Millisecond)

		next, again := r.Next(made, noon, now, random)
		if made >= r.Attempts {
			if again {
				t.Fatalf("there is another attempt after the last one")
			}
			return
		}
		wait := next.Sub(now)
		if most := time.Duration(r.BackoffMaxMs) * time.Millisecond; wait > most || wait < min(time.Duration(r.BackoffMs)*time.Millisecond, most)/2 {
			t.Fatalf("the wait is %v", wait)
		}
		if late := r.DeadlineMs > 0 && next.Sub(noon) > time.Duration(r.DeadlineMs)*time.Millisecond; again == late {
			t.Fatalf("again: %t, at %v after it was received", again, next.Sub(noon))
		}
		if more, _ := r.Next(made+1, noon, now, random); made+1 < r.Attempts && more.Before(next) {
			t.Fatalf("attempt %d waits until %v, and the next one until %v", made, next, more)
		}
		if least, _ := r.Next(made, noon, now, 1); least.After(next) {
			t.Fatalf("random 1 waits longer than random %v", random)
		}
	})
}
