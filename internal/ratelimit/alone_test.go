package ratelimit_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/ratelimit"
	"barograph/internal/redislink/redistest"
)

// A166. A Redis that fails costs 50 ms once, and then each node has its share.
func TestARedisThatFailsLeavesEachNodeItsShare(t *testing.T) {
	t.Parallel()
	for name, fail := range redistest.Outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t)
			limit := ratelimit.Limit{Rate: 100, Burst: 1000}
			one, l, _ := node(t, s.URL(), "one", limit)
			_, _, stop := node(t, s.URL(), "two", limit)
			defer stop()
			redistest.Until(t, "both are counted", func() bool {
				return s.Client(t).ZCard(t.Context(), "barograph:rate:1:nodes").Val() == 2
			})
			<-time.After(600 * time.Millisecond) // until the first has heard of the second
			one.Take(t.Context(), "a", 1)
			fail.Down(t, s)

			// Under load, for a second: nobody waits for long, and nothing is open.
			var allowed, slow atomic.Int64
			start := time.Now()
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for time.Since(start) < time.Second {
						begun := time.Now()
						if one.Take(t.Context(), "b", 1).OK {
							allowed.Add(1)
						}
						if time.Since(begun) > 60*time.Millisecond {
							slow.Add(1)
						}
						<-time.After(time.Millisecond)
					}
				})
			}
			all.Wait()
			share := 500 + 50*time.Since(start).Seconds()
			if got := float64(allowed.Load()); got > share+1 || got < 450 {
				t.Errorf("alone, the node gave %v, want its half: %v", got, share)
			}
			if n := slow.Load(); n > 8 {
				t.Errorf("%d took longer than 60 ms, want at most those that met the failure", n)
			}
			if l.count("is gone") != 1 || l.count("is back") != 0 {
				t.Errorf("the log says %s", l.text.String())
			}

			fail.Back(t, s)
			redistest.Until(t, "it is back", func() bool { return l.count("is back") == 1 })
			client := s.Client(t)
			redistest.Until(t, "what was taken meanwhile is known there", func() bool {
				for _, key := range client.Keys(t.Context(), "barograph:rate:1:test:*").Val() {
					if tokens, err := client.HGet(t.Context(), key, "t").Float64(); err == nil && tokens < 900 {
						return true
					}
				}
				return false
			})
		})
	}
}

func TestARedisThatComesLaterIsUsed(t *testing.T) {
	t.Parallel()
	s := redistest.New(t)
	b, l, _ := node(t, s.URL(), "one", ratelimit.Limit{Rate: 0.001, Burst: 100})
	if got := b.Take(t.Context(), "a", 10); !got.OK || got.Left != 40 {
		t.Errorf("alone, one of two nodes gives %+v, want 40 of its 50 left", got)
	}
	if got := b.Take(t.Context(), "a", 80); got.OK || got.Never() {
		t.Errorf("what is dearer than its share is %+v, want not now", got)
	}
	if got := b.Take(t.Context(), "b", 80); !got.OK {
		t.Errorf("what is dearer than its share is %+v of a full one, want all of it", got)
	}
	s.Up(t)
	redistest.Until(t, "it is used", func() bool { return l.count("is back") == 1 })
	redistest.Until(t, "Redis hears of it", func() bool { return b.Take(t.Context(), "a", 0).Left <= 100 })
}

// idle joins a fleet of so many nodes, and does nothing by itself.
func idle(t testing.TB, url string, nodes int, limit ratelimit.Limit, now ratelimit.Clock) *ratelimit.Shared {
	t.Helper()
	fleet, err := ratelimit.Join(t.Context(), ratelimit.FleetConfig{
		URL: url, Node: "one", Nodes: nodes, Clock: now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fleet.Close)
	return fleet.Buckets("test", limit, 1000)
}

func TestAShareGivesBackNoMoreThanItGave(t *testing.T) {
	t.Parallel()
	b := idle(t, redistest.New(t).URL(), 3, ratelimit.Limit{Rate: 1, Burst: 300}, (&clock{}).read)
	for _, c := range []struct{ cost, back, left int }{
		{40, 10, 70},    // a share is a hundred
		{200, 200, 100}, // and all of it is given back
		{200, 150, 50},
		{200, 100, 1}, // which was all but one, and so is what was used
		{200, 10, 1},
	} {
		key := fmt.Sprint(c)
		taken := b.Take(t.Context(), key, c.cost)
		if left := taken.Refund(c.back); !taken.OK || left != c.left {
			t.Errorf("of %d taken, %d given back leave %d of a hundred, want %d", c.cost, c.back, left, c.left)
		}
	}
}

// An operation pays a token before its price is known.
func TestWhatIsDearerThanAShareIsAllowedAfterItWasRead(t *testing.T) {
	t.Parallel()
	b := idle(t, redistest.New(t).URL(), 3, ratelimit.Limit{Rate: 1, Burst: 300}, (&clock{}).read)
	if !b.Take(t.Context(), "a", 1).OK {
		t.Fatal("a full share gives nothing")
	}
	if got := b.Take(t.Context(), "a", 299); !got.OK || got.Left != 0 {
		t.Errorf("for what is dearer than the rest, it gives %+v, want all of it", got)
	}
	if got := b.Take(t.Context(), "a", 1); got.OK {
		t.Errorf("an empty share gives %+v", got)
	}
}

// A Redis that takes longer than anybody waits is not tried again and again.
func TestARedisThatIsTooSlowIsNotBack(t *testing.T) {
	t.Parallel()
	p := before(t, redistest.Start(t))
	p.slow.Store(int64(100 * time.Millisecond))
	_, l, _ := node(t, p.url, "one", ratelimit.Limit{Rate: 1, Burst: 100})
	if l.count("is gone") != 1 {
		t.Errorf("the log says %s, want that it is as good as gone", l.text.String())
	}
}

// What Redis does not hear of since it fails just then is told when it is back.
func TestADebtIsNotForgottenWhereRedisFails(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	p := before(t, s)
	b, l, _ := node(t, p.url, "one", ratelimit.Limit{Rate: 0.001, Burst: 100})
	b.Take(t.Context(), "a", 1)
	key := s.Client(t).Keys(t.Context(), "barograph:rate:1:test:*").Val()[0]
	p.swallow.Store(true)
	b.Drain(t.Context(), "a", 50)
	redistest.Until(t, "it is noticed", func() bool { return l.count("is gone") == 1 })
	p.swallow.Store(false)
	redistest.Until(t, "Redis hears of it", func() bool {
		left, err := s.Client(t).HGet(t.Context(), key, "t").Float64()
		return err == nil && left < 50
	})
}
