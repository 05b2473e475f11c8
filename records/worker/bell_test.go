package worker_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barograph/pipeline"
	"barograph/records"
	"barograph/records/bell"
)

func TestARingReachesTheWorkersOfAnotherNodeLongBeforeTheySweep(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	here, there := s.node(t, 0), s.node(t, 1)
	listening(t, there, 2)
	best := time.Hour
	for i := range 20 {
		began := time.Now()
		made := here.submit(t, pipeline.Default, fmt.Sprintf(`{"id":"%d"}`, i))
		there.comes(t, made[0].Key, records.Processed)
		best = min(best, time.Since(began))
	}
	t.Logf("at best %v from one node to the other", best)
	if best > 500*time.Millisecond {
		t.Errorf("it took %v at best, want much less than the second of a sweep", best)
	}
}

// listening waits until so many nodes listen.
func listening(t *testing.T, n *node, nodes int) {
	t.Helper()
	eventually(t, "the nodes listen", func() bool {
		return n.count(t, `
			select count(*) from pg_stat_activity
			where datname = current_database() and application_name = 'barograph bell' and query like 'listen%'`) >= nodes
	})
}

func TestALostRingDelaysNothingByMuchMoreThanASecond(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	here, there := s.node(t, 0), s.node(t, 1)
	listening(t, there, 2)
	subscription, err := there.feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{States: []records.State{records.Processed}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var killing sync.WaitGroup
	var killed atomic.Int64
	killing.Go(func() {
		for ctx.Err() == nil { // whoever listens is cut off again and again
			var n int64
			if err := there.pools.Analytics.QueryRow(ctx, `
				select count(pg_terminate_backend(pid)) from pg_stat_activity
				where datname = current_database() and application_name = 'barograph bell'`).Scan(&n); err == nil {
				killed.Add(n)
			}
		}
	})
	defer killing.Wait()
	defer cancel()
	eventually(t, "the listeners are cut off", func() bool { return killed.Load() >= 2 })
	for i := range 2 {
		began := time.Now()
		here.submit(t, pipeline.Default, fmt.Sprintf(`{"id":"%d"}`, i))
		if change, err := subscription.Next(t.Context()); err != nil || change.Record.PayloadID != fmt.Sprint(i) {
			t.Fatalf("the feed told of %+v, %v, want record %d", change.Record, err, i)
		}
		// One second until the workers sweep, and one until the feed does, on a busy machine.
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("record %d was told of after %v", i, took)
		}
	}
}

func TestRingsThatComeTwiceAndLateChangeNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 3, "")})
	var effects atomic.Int64
	s.far = func(_ context.Context, jobs []*pipeline.Job) { effects.Add(int64(len(jobs))) }
	nodes := []*node{s.node(t, 2), s.node(t, 2)}
	ctx, cancel := context.WithCancel(t.Context())
	var ringing sync.WaitGroup
	for _, n := range nodes {
		ringing.Go(func() {
			tick := time.NewTicker(3 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				n.base.Bell.Ring(bell.Changed | bell.Due)
				<-tick.C
			}
		})
	}
	defer ringing.Wait()
	defer cancel()
	subscription, err := nodes[1].feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{States: []records.State{records.Processed}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.Close()
	const total = 100
	for i := 0; i < total; i += 10 {
		var payloads []string
		for k := range 10 {
			payloads = append(payloads, fmt.Sprintf(`{"id":"%d"}`, i+k))
		}
		nodes[i/10%2].submit(t, "p", payloads...)
	}
	told := map[string]int{}
	for range total {
		change, err := subscription.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		told[change.Record.PayloadID]++
	}
	for id, times := range told {
		if times != 1 {
			t.Errorf("the feed told %d times that %s was processed", times, id)
		}
	}
	if effects.Load() != total {
		t.Errorf("there were %d effects, want %d", effects.Load(), total)
	}
}

// A subscriber that comes and goes misses nothing of what several nodes do, and
// is told nothing twice.
func TestTheFeedHasNoSeamWhileRecordsGoTheirWayOnSeveralNodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"near": quick("near", 5, ""), "far": quick("far", 5, "")})
	failing := func(_ context.Context, jobs []*pipeline.Job) {
		for _, j := range jobs {
			if j.Attempt == 1 && len(j.Payload.ID)%2 == 0 {
				j.Fail("the first time")
			}
		}
	}
	s.near, s.far = failing, failing
	nodes := []*node{s.node(t, 1), s.node(t, 1), s.node(t, 1)}
	const each = 150
	start, err := nodes[2].feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	nodes[0].submit(t, pipeline.Default, `{"id":"first"}`)
	first, err := start.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	start.Close()
	var producing sync.WaitGroup
	for i, name := range []string{"near", "far"} {
		producing.Go(func() {
			for k := range each {
				nodes[(i+k)%3].submit(t, name, fmt.Sprintf(`{"id":"%d"}`, k))
			}
		})
	}
	defer producing.Wait()
	at := first.Bookmark
	processed := map[records.Key]int{}
	if first.Record.State == records.Processed { // by the time it was told of
		processed[first.Record.Key]++
	}
	last := map[records.Key]records.State{}
	for turn := 0; len(processed) < 2*each+1; turn++ {
		subscription, err := nodes[turn%3].feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{}, &at)
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			if len(processed) == 2*each+1 {
				break
			}
			waiting, cancel := context.WithTimeout(t.Context(), patience)
			change, err := subscription.Next(waiting)
			cancel()
			if err != nil {
				t.Fatalf("Next: %v; %d were processed", err, len(processed))
			}
			if change.Transaction < at.Transaction || change.Transaction == at.Transaction && change.Position <= at.Position {
				t.Fatalf("after %+v the feed told of %+v", at, change.Bookmark)
			}
			at = change.Bookmark
			if !leads(last[change.Record.Key], change.Record.State) {
				t.Fatalf("%v came from %s to %s", change.Record.Key, last[change.Record.Key], change.Record.State)
			}
			last[change.Record.Key] = change.Record.State
			if change.Record.State == records.Processed {
				processed[change.Record.Key]++
			}
		}
		subscription.Close()
	}
	for key, times := range processed {
		if times != 1 {
			t.Errorf("the feed told %d times that %v was processed", times, key)
		}
	}
}

// leads reports whether a record can come from one state to another, by way of
// others that nobody was told of.
func leads(from, to records.State) bool {
	switch from {
	case "":
		return true
	case records.Processed, records.Skipped, records.Dead:
		return false // nothing is replayed here
	}
	return to != records.Queued
}
