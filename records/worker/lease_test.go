package worker_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"barograph/pipeline"
	"barograph/records"
	"barograph/records/worker"
)

// brief makes leases short.
func brief(r *worker.Runner) { r.Lease = 300 * time.Millisecond }

func TestWhoeverSleepsPastItsLeaseCannotWriteWhatItMade(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 3, "")})
	sleeper := s.node(t, 0)
	made := sleeper.submit(t, "p", `{"id":"a"}`)
	claims, _, err := sleeper.queue.Lease(t.Context(), records.Request{Line: records.Line{Pipeline: "p"}, Limit: 10, Now: time.Now()}, 200*time.Millisecond)
	if err != nil || len(claims) != 1 || claims[0].Record.State != records.Processing || claims[0].Record.Attempts != 1 {
		t.Fatalf("Lease = %+v, %v, want the record, PROCESSING", claims, err)
	}
	n := s.node(t, 1) // which takes over
	got := n.comes(t, made[0].Key, records.Processed)
	if got.Attempts != 2 || got.LastError == nil || got.LastError.Code != records.LeaseExpired {
		t.Errorf("after the takeover it is %+v, failed with %+v, want a second attempt", got, got.LastError)
	}
	if left, err := sleeper.queue.Renew(t.Context(), claims[0].Lease, time.Minute); err != nil || left != 0 {
		t.Errorf("Renew of a lease that is lost = %d, %v, want no record", left, err)
	}
	late := records.Done{Claim: claims[0], Progress: records.Progress{State: records.Dead, PipelineVersion: 1, Attempts: 1}}
	lost, err := sleeper.queue.Complete(t.Context(), []records.Done{late}, nil)
	if err != nil || len(lost) != 1 {
		t.Errorf("Complete past the lease = %v, %v, want it lost", lost, err)
	}
	if again := n.comes(t, made[0].Key, records.Processed); string(again.Result) != string(got.Result) || again.Attempts != 2 {
		t.Errorf("the sleeper wrote %+v", again)
	}
}

func TestALeaseIsKeptForAsLongAsAStepTakes(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 3, "")})
	var calls atomic.Int64
	s.far = func(context.Context, []*pipeline.Job) {
		calls.Add(1)
		timer := time.NewTimer(1500 * time.Millisecond) // and others look for expired leases every second
		<-timer.C
	}
	n := s.node(t, 1, brief)
	s.node(t, 1, brief)
	n.submit(t, "p", `{"id":"a"}`)
	if got := n.comes(t, key("p", "a"), records.Processed); got.Attempts != 1 || calls.Load() != 1 {
		t.Errorf("it took %d attempts and %d calls, want one", got.Attempts, calls.Load())
	}
}

func TestAPayloadWhoseNodesAllDieEndsDead(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 2, "")})
	n := s.node(t, 0)
	n.submit(t, "p", `{"id":"killer"}`)
	request := records.Request{Line: records.Line{Pipeline: "p"}, Limit: 10}
	for attempt := range 2 {
		eventually(t, "it is claimed", func() bool {
			request.Now = time.Now()
			claims, _, err := n.queue.Lease(t.Context(), request, time.Millisecond) // by a node that is not heard of any more
			if err != nil {
				t.Fatalf("Lease: %v", err)
			}
			return len(claims) == 1
		})
		if attempt == 0 {
			reap := s.node(t, 0)
			eventually(t, "it is taken over", func() bool { return reap.reap(t) == 1 })
		}
	}
	s.node(t, 1)
	got := n.comes(t, key("p", "killer"), records.Dead)
	if got.Attempts != 2 || got.LastError.Code != records.LeaseExpired {
		t.Errorf("it is %+v, failed with %+v, want it DEAD after two attempts", got, got.LastError)
	}
}

// reap fails the attempts whose lease has ended, without working on any, and
// returns how many.
func (n *node) reap(t *testing.T) int {
	t.Helper()
	claims, err := n.queue.Expired(t.Context(), 10, time.Minute)
	if err != nil {
		t.Fatalf("Expired: %v", err)
	}
	for _, c := range claims {
		due := time.Now()
		_, err := n.queue.Complete(t.Context(), []records.Done{{Claim: c, Progress: records.Progress{
			State: records.Retrying, PipelineVersion: 1, Attempts: c.Record.Attempts, NextAttemptAt: &due,
			LastError: &records.Error{Code: records.LeaseExpired, Message: "gone", At: due},
		}}}, nil)
		if err != nil {
			t.Fatalf("Complete: %v", err)
		}
	}
	return len(claims)
}

func TestWhatMayHaveKilledANodeIsClaimedAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 5, "")})
	n := s.node(t, 0)
	n.submit(t, "p", `{"id":"a"}`, `{"id":"b"}`, `{"id":"c"}`)
	request := records.Request{Line: records.Line{Pipeline: "p"}, Limit: 10, Now: time.Now()}
	if claims, _, err := n.queue.Lease(t.Context(), request, time.Millisecond); err != nil || len(claims) != 3 {
		t.Fatalf("Lease = %v, %v, want all three", claims, err)
	}
	eventually(t, "they are taken over", func() bool { return n.reap(t) == 3 })
	n.submit(t, "p", `{"id":"d"}`)
	var sizes []int
	for range 4 {
		request.Now = time.Now()
		claims, _, err := n.queue.Lease(t.Context(), request, time.Minute)
		if err != nil {
			t.Fatalf("Lease: %v", err)
		}
		sizes = append(sizes, len(claims))
	}
	if !slices.Equal(sizes, []int{1, 1, 1, 1}) {
		t.Errorf("claims had %v records, want one each", sizes)
	}
}

func TestAWorkerThatStopsGivesBackWhatItCannotFinish(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 1, "")})
	started := make(chan struct{}, 10)
	var calls atomic.Int64
	s.far = func(ctx context.Context, jobs []*pipeline.Job) {
		if calls.Add(1) > 1 {
			return
		}
		started <- struct{}{}
		<-ctx.Done()
		jobs[0].Fail("cut off")
	}
	n := s.node(t, 0)
	stopping := worker.New(worker.Config{Runner: n.runner, Catalog: n.catalog, Bell: n.base.Bell, Count: 1, Drain: 50 * time.Millisecond})
	stop := run(t, stopping)
	n.submit(t, "p", `{"id":"a"}`)
	<-started
	began := time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Run ended after %v, want soon after the drain", took)
	}
	got := n.comes(t, key("p", "a"), records.Retrying) // though there is one attempt only
	if got.Attempts != 1 || got.LastError.Code != records.Interrupted || got.NextAttemptAt.After(time.Now()) {
		t.Errorf("it is %+v, failed with %+v, want it given back at once", got, got.LastError)
	}
	run(t, worker.New(worker.Config{Runner: n.runner, Catalog: n.catalog, Bell: n.base.Bell, Count: 1, Drain: time.Second}))
	n.comes(t, key("p", "a"), records.Processed)
}

func TestWhatAKilledWorkerHadInATransactionIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("near", 1, "")})
	stuck, free := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	s.near = func(context.Context, []*pipeline.Job) {
		if calls.Add(1) == 1 {
			close(stuck)
			<-free
		}
	}
	n := s.node(t, 1)
	n.submit(t, "p", `{"id":"a"}`)
	<-stuck
	defer close(free)
	if killed := n.count(t, `
		select count(pg_terminate_backend(pid)) from pg_stat_activity
		where datname = current_database() and application_name = 'barograph workers' and state = 'idle in transaction'`); killed != 1 {
		t.Fatalf("%d backends were terminated, want the one that claimed", killed)
	}
	began := time.Now()
	other := s.node(t, 1)
	got := other.comes(t, key("p", "a"), records.Processed)
	if got.Attempts != 1 {
		t.Errorf("it took %d attempts, want one: the other left no trace", got.Attempts)
	}
	t.Logf("processed elsewhere after %v", time.Since(began))
}

func TestWorkersLoseNothingWhenBackendsAreTerminated(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"near": quick("near", 9, ""), "far": quick("far", 9, "")})
	a, b := s.node(t, 2, brief), s.node(t, 2, brief)
	for round := range 6 {
		for _, name := range []string{"near", "far"} {
			payloads := make([]string, 100)
			for i := range payloads {
				payloads[i] = fmt.Sprintf(`{"id":"%d-%d"}`, round, i)
			}
			a.submit(t, name, payloads...)
		}
		a.count(t, `
			select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and application_name = 'barograph workers'`)
	}
	eventually(t, "all are processed", func() bool {
		return b.count(t, `select count(*) from records where state = 'PROCESSED'`) == 1200
	})
}
