package ratelimit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"barograph/internal/ratelimit"
	"barograph/internal/redislink/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A log counts what was said.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// node joins the fleet of a Redis until the test ends.
func node(t testing.TB, url, name string, limit ratelimit.Limit) (*ratelimit.Shared, *log, context.CancelFunc) {
	t.Helper()
	l := &log{}
	fleet, err := ratelimit.Join(t.Context(), ratelimit.FleetConfig{
		URL: url, Node: name, Nodes: 2, Clock: ratelimit.Monotonic(), Logger: slog.New(slog.NewTextHandler(l, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	buckets := fleet.Buckets("test", limit, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = fleet.Run(ctx) })
	stop := sync.OnceFunc(func() {
		cancel()
		running.Wait()
		fleet.Close()
	})
	t.Cleanup(stop)
	return buckets, l, stop
}

func TestNodesShareABucket(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	limit := ratelimit.Limit{Rate: 500, Burst: 2000}
	one, l1, _ := node(t, s.URL(), "one", limit)
	two, l2, _ := node(t, s.URL(), "two", limit)
	var allowed atomic.Int64
	start := time.Now()
	var all sync.WaitGroup
	for _, n := range []*ratelimit.Shared{one, two} {
		for range 8 {
			all.Go(func() {
				for i := range 2000 {
					cost := 1 + i%3
					if got := n.Take(t.Context(), "a", cost); got.OK {
						allowed.Add(int64(cost))
						if i%7 == 0 {
							got.Refund(1)
							allowed.Add(-1)
						}
					}
				}
			})
		}
	}
	all.Wait()
	most := 2000 + 500*time.Since(start).Seconds()
	if l1.count("is gone")+l2.count("is gone") > 0 { // the machine is so busy that Redis did not answer in time
		most += 2000 // of which each node has a share
	}
	if got := float64(allowed.Load()); got > most || got < 1800 {
		t.Errorf("two nodes gave %v, want the burst and no more than %v", got, most)
	}
	if got := one.Take(t.Context(), "b", 2000); !got.OK {
		t.Errorf("another bucket gives %+v", got)
	}
	if got := two.Take(t.Context(), "a", 2001); !got.Never() {
		t.Errorf("more than a bucket holds is %+v, want never", got)
	}
}

func TestWhatANodeDoesNotUseTheOthersHaveAgain(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	limit := ratelimit.Limit{Rate: 0.001, Burst: 1000}
	one, _, stop := node(t, s.URL(), "one", limit)
	two, _, _ := node(t, s.URL(), "two", limit)
	taken := one.Take(t.Context(), "a", 1000)
	if !taken.OK {
		t.Fatal("a full bucket gives nothing")
	}
	taken.Refund(400) // more than a node may hold
	redistest.Until(t, "the other has most of it", func() bool { return two.Take(t.Context(), "a", 330).OK })
	stop()
	redistest.Until(t, "and the rest when the first one leaves", func() bool { return two.Take(t.Context(), "a", 70).OK })
	if got := two.Take(t.Context(), "a", 1); got.OK {
		t.Error("there is more than was given back")
	}
}

func TestNoMoreIsLeftThanABucketHolds(t *testing.T) {
	t.Parallel()
	c := &clock{}
	b := idle(t, redistest.Start(t).URL(), 3, ratelimit.Limit{Rate: 1e6, Burst: 1000}, c.read)
	b.Take(t.Context(), "a", 500).Refund(500)
	c.now += time.Second // in which what was left has come back
	if got := b.Take(t.Context(), "a", 0); !got.OK || got.Left > 1000 {
		t.Errorf("there are %d left, want the thousand of a bucket", got.Left)
	}
}

// A165. The clock of Redis counts, and when that goes back, nothing is minted and
// nobody is locked out.
func TestAClockThatGoesBackMintsNothingAndLocksNobodyOut(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client := s.Client(t)
	limit := ratelimit.Limit{Rate: 100, Burst: 100}
	b, _, _ := node(t, s.URL(), "one", limit)
	if got := b.Take(t.Context(), "a", 100); !got.OK {
		t.Fatalf("a full bucket gives %+v", got)
	}
	keys := client.Keys(t.Context(), "barograph:rate:1:test:*").Val()
	if len(keys) != 1 {
		t.Fatalf("keys = %v", keys)
	}
	inAnHour := time.Now().Add(time.Hour).UnixMicro()
	client.HSet(t.Context(), keys[0], "u", fmt.Sprint(inAnHour), "t", "60") // as if it had been an hour later
	fresh, _, _ := node(t, s.URL(), "two", limit)
	if got := fresh.Take(t.Context(), "a", 90); got.OK {
		t.Errorf("a bucket with 60 gives 90 after the clock went back: %+v", got)
	}
	client.HSet(t.Context(), keys[0], "u", fmt.Sprint(inAnHour), "t", "60")
	other, _, _ := node(t, s.URL(), "three", limit)
	if got := other.Take(t.Context(), "a", 55); !got.OK {
		t.Errorf("a bucket with 60 does not give 55 after the clock went back: %+v", got)
	}
	redistest.Until(t, "tokens come back", func() bool { return fresh.Take(t.Context(), "a", 50).OK })

	anHourAgo := time.Now().Add(-time.Hour).UnixMicro()
	client.HSet(t.Context(), keys[0], "u", fmt.Sprint(anHourAgo), "t", "0")
	late, _, _ := node(t, s.URL(), "four", limit)
	if got := late.Take(t.Context(), "a", 100); !got.OK || got.Left > 5 {
		t.Errorf("an hour later, a bucket gives %+v, want all that it holds and no more", got)
	}
}

// The script keeps the promises of a bucket, whatever it is asked.
func TestABucketInRedisNeverGivesMoreThanItHas(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		limit := ratelimit.Limit{Rate: 0.001, Burst: rapid.IntRange(1, 5000).Draw(r, "burst")}
		b, _, stop := node(t, s.URL(), "one", limit)
		defer stop()
		key, given := fmt.Sprint(n), 0
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			cost := rapid.IntRange(-5, limit.Burst+5).Draw(r, "cost")
			got := b.Take(t.Context(), key, cost)
			if !got.OK {
				continue
			}
			given += max(cost, 0)
			if rapid.Bool().Draw(r, "refund") {
				back := rapid.IntRange(0, max(cost, 0)).Draw(r, "back")
				got.Refund(back)
				given -= back
			}
			if given > limit.Burst || got.Left > limit.Burst {
				r.Fatalf("given %d, left %d of %d", given, got.Left, limit.Burst)
			}
		}
	})
}

// What is drained of a bucket in Redis is owed there, for all nodes; and the bucket is
// forgotten when it is full again.
func TestRedisKeepsWhatABucketOwes(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	client := s.Client(t)
	limit := ratelimit.Limit{Rate: 0.1, Burst: 100}
	one, _, _ := node(t, s.URL(), "one", limit)
	two, _, _ := node(t, s.URL(), "two", limit)
	one.Take(t.Context(), "a", 1)
	one.Drain(t.Context(), "a", 120)
	key := client.Keys(t.Context(), "barograph:rate:1:test:*").Val()[0]
	redistest.Until(t, "Redis hears of it", func() bool {
		owed, err := client.HGet(t.Context(), key, "t").Float64()
		return err == nil && owed <= -15
	})
	if got := two.Take(t.Context(), "a", 1); got.OK || got.Left != 0 || got.Wait < 150*time.Second {
		t.Errorf("another node gives %+v, want nothing for as long as some are owed", got)
	}
	if left := client.PTTL(t.Context(), key).Val(); left < 1000*time.Second || left > 1250*time.Second {
		t.Errorf("the bucket is forgotten in %v, want when it is full", left)
	}
}

func TestAURLThatIsMalformedIsAnErrorWithoutThePassword(t *testing.T) {
	t.Parallel()
	_, err := ratelimit.Join(t.Context(), ratelimit.FleetConfig{URL: "redis://:hunter2@%zz", Clock: ratelimit.Monotonic(), Logger: slog.New(slog.DiscardHandler)})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("err = %v", err)
	}
}

func BenchmarkSharedTake(b *testing.B) {
	s := redistest.Start(b)
	buckets, _, _ := node(b, s.URL(), "one", ratelimit.Limit{Rate: 1e6, Burst: 1 << 22})
	b.ReportAllocs()
	for b.Loop() {
		buckets.Take(b.Context(), "a", 1)
	}
}
