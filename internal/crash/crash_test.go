package crash_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"barograph/internal/crash"
	"barograph/internal/postgres/private"
)

var (
	length = flag.Duration("crash.for", 4*time.Second, "for how long gateways and PostgreSQL are killed; from 20s on, also while steps call other hosts")
	seed   = flag.Uint64("crash.seed", 0, "of what is killed when; 0 for one that is new each time")
)

func TestMain(m *testing.M) {
	private.Child()
	flag.Parse()
	os.Exit(m.Run())
}

// effectsFrom is how long a test has to be for steps that call other hosts: what a
// killed gateway was calling is free for others once its lease has ended, half a
// minute later.
const effectsFrom = 20 * time.Second

const (
	pure   = "pure"
	effect = "effect"

	gateways    = 3
	producers   = 2 // of each kind
	subscribers = 3
)

// TestKillsLoseNothingAndRepeatNothing sends payloads to gateways on one database
// in every way there is, while gateways and PostgreSQL are killed at random, and
// then has all that was answered, called and heard checked.
func TestKillsLoseNothingAndRepeatNothing(t *testing.T) {
	t.Parallel()
	history := &crash.History{}
	url := receive(t, effect, history)
	c := newCluster(t, gateways, "--step-hosts", url)
	end := crash.End{}
	pipelines := []string{pure}
	c.createPipeline(t, pure, map[string]any{"steps": []any{map[string]any{"kind": "transform", "expression": "merge(payload, {'size': size(payload.text)})"}}})
	if *length >= effectsFrom {
		pipelines, end.Effects = append(pipelines, effect), effect
		c.createPipeline(t, effect, map[string]any{
			"steps": []any{map[string]any{"kind": "http", "url": url + "/effects", "timeoutMs": 2000}},
			"retry": map[string]any{"attempts": 100, "backoffMs": 100, "backoffMaxMs": 1000},
		})
	}
	stopListening := c.listenAll(t, history)
	defer stopListening()
	from := history.Last(0)

	payloads := &source{pipelines: pipelines}
	ctx, cancel := context.WithTimeout(t.Context(), *length)
	defer cancel()
	var working sync.WaitGroup
	for range producers {
		for _, produce := range []func(context.Context, *source, *crash.History){c.process, c.submit, c.stream} {
			working.Go(func() { produce(ctx, payloads, history) })
		}
	}
	rounds := c.havoc(ctx, cmp.Or(*seed, rand.Uint64()), t)
	working.Wait()
	c.restart(t)

	began := time.Now()
	c.calm(t)
	calm := time.Since(began)
	for _, name := range pipelines {
		end.Records = append(end.Records, c.records(t, name)...)
	}
	end.Feed = c.feed(t, from, len(end.Records))
	c.hearOut(t, history, end.Feed)
	stopListening()

	f := history.Figures()
	t.Logf("%d rounds in %v: %d kills of gateways and %d of PostgreSQL; calm after %v", rounds, *length, c.kills.gateways.Load(), c.kills.databases.Load(), calm.Round(time.Millisecond))
	t.Logf("%d payloads acknowledged, %d duplicates and %d conflicts; %d records; %d calls of steps; %d events heard by %d subscribers",
		f.Accepted, f.Duplicates, f.Conflicts, len(end.Records), f.Calls, f.Events, subscribers)
	for _, violation := range history.Check(end) {
		t.Error(violation)
	}
	if f.Accepted == 0 || f.Duplicates == 0 || f.Conflicts == 0 || rounds == 0 || (end.Effects != "") != (f.Calls > 0) {
		t.Error("too little happened for the test to show anything")
	}
	if t.Failed() {
		t.Log(c.printed())
	}
}

// havoc kills until ctx is done, and returns how often it did.
func (c *cluster) havoc(ctx context.Context, seed uint64, t *testing.T) (rounds int) {
	t.Helper()
	t.Logf("-crash.seed=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for {
		timer := time.NewTimer(200*time.Millisecond + time.Duration(random.Int64N(int64(1300*time.Millisecond))))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return rounds
		}
		rounds++
		switch victim := random.IntN(10); {
		case victim < 6:
			c.killGateway(random.IntN(gateways))
		case victim < 8:
			c.killDatabase()
		case victim < 9: // both
			c.killDatabase()
			c.killGateway(random.IntN(gateways))
		default: // all
			c.killDatabase()
			for i := range c.gateways {
				c.killGateway(i)
			}
		}
	}
}

// listenAll starts subscribers and returns once each has heard of one record,
// which is not the test's otherwise: from then on, each has a cursor to go on from.
func (c *cluster) listenAll(t *testing.T, h *crash.History) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var listening, beginning sync.WaitGroup
	for n := range subscribers {
		beginning.Add(1)
		listening.Go(func() { c.subscribe(ctx, n, h, sync.OnceFunc(beginning.Done)) })
	}
	stop = sync.OnceFunc(func() {
		cancel()
		listening.Wait()
	})
	beginning.Wait()
	first := func(n int) func() bool { return func() bool { return h.Last(n) != "" } }
	for i := range 100 { // a subscription may begin a moment after it is answered
		if _, err := c.gateways[0].process(ctx, sending{crash.Key{Pipeline: "default", ID: fmt.Sprint("first", i)}, "first"}); err != nil {
			stop()
			t.Fatalf("process the first payload: %v", err)
		}
		all := true
		for n := range subscribers {
			all = within(time.Second, first(n)) && all
		}
		if all {
			return stop
		}
	}
	stop()
	t.Fatal("subscribers hear nothing")
	return nil
}

// within reports whether something comes true within a time.
func within(patience time.Duration, holds func() bool) bool {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}
