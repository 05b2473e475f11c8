package ratelimit_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barograph/internal/ratelimit"
	"barograph/internal/redislink/redistest"
)

// A clock is moved by hand.
type clock struct{ now time.Duration }

func (c *clock) read() time.Duration { return c.now }

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	t.Parallel()
	c := &clock{}
	b := ratelimit.NewLocal("test", ratelimit.Limit{Rate: 10, Burst: 100}, 1000, c.read)
	if got := b.Take(t.Context(), "a", 100); !got.OK || got.Left != 0 {
		t.Fatalf("a full bucket gives %+v, want all of it", got)
	}
	if got := b.Take(t.Context(), "a", 5); got.OK || got.Wait != 500*time.Millisecond || got.Never() {
		t.Errorf("an empty one gives %+v, want a wait of 500 ms", got)
	}
	if got := b.Take(t.Context(), "b", 1); !got.OK || got.Left != 99 {
		t.Errorf("another one gives %+v", got)
	}
	c.now += 500 * time.Millisecond
	if got := b.Take(t.Context(), "a", 5); !got.OK || got.Left != 0 {
		t.Errorf("after the wait it gives %+v", got)
	}
	c.now += time.Hour
	if got := b.Take(t.Context(), "a", 0); !got.OK || got.Left != 100 {
		t.Errorf("after an hour there is %+v, want 100 and no more", got)
	}
}

func TestWhatNoBucketHoldsNeverSucceeds(t *testing.T) {
	t.Parallel()
	b := ratelimit.NewLocal("test", ratelimit.Limit{Rate: 10, Burst: 100}, 1000, (&clock{}).read)
	if got := b.Take(t.Context(), "a", 101); got.OK || !got.Never() || got.Left != 100 {
		t.Errorf("101 of 100 are %+v, want never", got)
	}
}

func TestNegativeCostsMintNothing(t *testing.T) {
	t.Parallel()
	b := ratelimit.NewLocal("test", ratelimit.Limit{Rate: 1, Burst: 100}, 1000, (&clock{}).read)
	taken := b.Take(t.Context(), "a", 50)
	b.Take(t.Context(), "a", -1000)
	b.Drain(t.Context(), "a", -1000)
	taken.Refund(-10)
	if left := taken.Refund(1000); left != 100 {
		t.Errorf("%d are left, want the 100 that there were", left)
	}
	refused := b.Take(t.Context(), "a", 101)
	if left := refused.Refund(101); left != 100 {
		t.Errorf("a refund of what was not taken leaves %d", left)
	}
	b.Drain(t.Context(), "a", 1000)
	if got := b.Take(t.Context(), "a", 1); got.OK || got.Left != 0 {
		t.Errorf("a drained bucket gives %+v", got)
	}
}

// What is drained is owed: who pays eleven for each time that he gets through does so
// for an eleventh of what comes back.
func TestWhatIsDrainedOfAnEmptyBucketIsOwed(t *testing.T) {
	t.Parallel()
	limit := ratelimit.Limit{Rate: 100, Burst: 1000}
	for name, buckets := range map[string]func(*testing.T, ratelimit.Clock) ratelimit.Buckets{
		"local": func(_ *testing.T, c ratelimit.Clock) ratelimit.Buckets {
			return ratelimit.NewLocal("test", limit, 1000, c)
		},
		"this node's share": func(t *testing.T, c ratelimit.Clock) ratelimit.Buckets {
			return idle(t, redistest.New(t).URL(), 1, limit, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			b := buckets(t, c.read)
			through := 0
			for ; c.now < time.Minute; c.now += time.Millisecond {
				if b.Take(t.Context(), "a", 1).OK {
					through++
					b.Drain(t.Context(), "a", 10)
				}
			}
			if most := (1000 + 60*100) / 11; through > most+1 || through < most-1 {
				t.Errorf("%d get through in a minute, want %d", through, most)
			}
			b.Drain(t.Context(), "a", 1<<30)
			if got := b.Take(t.Context(), "a", 0); !got.OK || got.Left != 0 {
				t.Errorf("nothing of a bucket that owes is %+v", got)
			}
			if got := b.Take(t.Context(), "a", 1); got.OK || got.Left != 0 || got.Wait != 10*time.Second+10*time.Millisecond {
				t.Errorf("whoever owes all that there may be is told %+v, want ten seconds", got)
			}
		})
	}
}

// Whatever is asked for, a bucket has no more than its burst, and gives no more than
// that and what comes back.
func TestABucketNeverGivesMoreThanItHas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := ratelimit.Limit{Rate: rapid.Float64Range(0.1, 1e6).Draw(t, "rate"), Burst: rapid.IntRange(1, 1<<20).Draw(t, "burst")}
		c := &clock{}
		b := ratelimit.NewLocal("test", limit, 1000, c.read)
		var out []ratelimit.Taken // that may be refunded
		given := 0                // and not refunded
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0, 1:
				cost := rapid.IntRange(-5, limit.Burst+5).Draw(t, "cost")
				got := b.Take(t.Context(), "a", cost)
				if got.OK {
					given += max(cost, 0)
					out = append(out, got)
				}
				if got.OK && cost > limit.Burst {
					t.Fatalf("%d of %d: %+v", cost, limit.Burst, got)
				}
				if got.Left < 0 || got.Left > limit.Burst {
					t.Fatalf("there are %d in a bucket of %d", got.Left, limit.Burst)
				}
			case 2:
				if len(out) > 0 {
					taken := out[len(out)-1]
					out = out[:len(out)-1]
					before := b.Take(t.Context(), "a", 0).Left
					after := taken.Refund(rapid.IntRange(-5, limit.Burst*2).Draw(t, "refund"))
					if given -= after - before; after > limit.Burst {
						t.Fatalf("a refund makes it %d of %d", after, limit.Burst)
					}
				}
			case 3:
				c.now += time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "pause"))
			}
			if most := float64(limit.Burst) + limit.Rate*c.now.Seconds() + 0.001; float64(given) > most {
				t.Fatalf("given %d, and there were %f", given, most)
			}
		}
	})
}

// Who floods a full table with keys of its own gets no fresh bucket for the key it has
// emptied.
func TestAFloodOfKeysResetsNoBucketThatIsEmpty(t *testing.T) {
	t.Parallel()
	const kept = 64 * 32
	b := ratelimit.NewLocal("test", ratelimit.Limit{Rate: 0.001, Burst: 10}, kept, (&clock{}).read)
	for i := range 100 {
		b.Take(t.Context(), fmt.Sprint("victim", i), 10)
	}
	for i := range 50 * kept {
		b.Take(t.Context(), fmt.Sprint("flood", i), 1)
	}
	for i := range 100 {
		if got := b.Take(t.Context(), fmt.Sprint("victim", i), 1); got.OK {
			t.Fatalf("victim %d is forgotten: %+v", i, got)
		}
	}
}

func BenchmarkLocalTake(b *testing.B) {
	buckets := ratelimit.NewLocal("test", ratelimit.Limit{Rate: 1e9, Burst: 1 << 30}, 1<<16, ratelimit.Monotonic())
	b.ReportAllocs()
	for b.Loop() {
		buckets.Take(b.Context(), "a", 1).Refund(1)
	}
}
