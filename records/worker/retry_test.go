package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barograph/pipeline"
	"barograph/records"
)

// quick makes a definition whose attempts follow each other at once.
func quick(kind string, attempts int, more string) string {
	return fmt.Sprintf(`{"steps":[{"kind":%q}],"retry":{"attempts":%d,"backoffMs":1,"backoffMaxMs":1}%s}`, kind, attempts, more)
}

func key(pipelineName, id string) records.Key {
	return records.Key{Pipeline: pipelineName, PayloadID: id}
}

func TestWorkerTriesAgainWhatFailsAndGivesUpAfterTheLastAttempt(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"near", "far"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"p": quick(kind, 3, "")})
			failing := func(_ context.Context, jobs []*pipeline.Job) {
				for _, j := range jobs {
					if j.Payload.ID == "never" || j.Attempt < 3 {
						j.Fail(fmt.Sprintf("no\x00pe, %d", j.Attempt))
					}
				}
			}
			s.near, s.far = failing, failing
			n := s.node(t, 2)
			n.submit(t, "p", `{"id":"never"}`, `{"id":"third"}`)
			dead, late := n.comes(t, key("p", "never"), records.Dead), n.comes(t, key("p", "third"), records.Processed)
			if dead.Attempts != 3 || dead.Result != nil || dead.ProcessedAt != nil || dead.NextAttemptAt != nil || dead.LastError == nil ||
				dead.LastError.Code != records.StepFailed || !strings.Contains(dead.LastError.Message, "no�pe, 3") {
				t.Errorf("what never succeeds is %+v, failed with %+v", dead, dead.LastError)
			}
			if late.Attempts != 3 || late.Result == nil || late.LastError == nil || !strings.HasSuffix(late.LastError.Message, "no�pe, 2") {
				t.Errorf("what succeeds late is %+v, failed with %+v", late, late.LastError)
			}
			history, err := n.store.History(t.Context(), pipeline.Reach{}, []records.Key{dead.Key, late.Key, key("p", "nobody")})
			if err != nil || len(history[dead.Key]) != 3 || len(history[late.Key]) != 2 || len(history) != 2 {
				t.Fatalf("History = %+v, %v, want 3 and 2 attempts", history, err)
			}
			for i, a := range history[dead.Key] {
				if a.Number != i+1 || a.PipelineVersion != 1 || a.Error.Code != records.StepFailed || !strings.HasSuffix(a.Error.Message, fmt.Sprint(i+1)) {
					t.Errorf("attempt %d is told as %+v", i+1, a)
				}
			}
		})
	}
}

func TestWorkerWaitsBeforeItTriesAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": `{"steps":[{"kind":"near"}],"retry":{"attempts":2,"backoffMs":60000,"backoffMaxMs":60000}}`})
	var runs atomic.Int64
	s.near = func(_ context.Context, jobs []*pipeline.Job) {
		runs.Add(int64(len(jobs)))
		jobs[0].Fail("no")
	}
	n := s.node(t, 2)
	n.submit(t, "p", `{"id":"a"}`)
	got := n.comes(t, key("p", "a"), records.Retrying)
	// The random part is a half: a quarter is taken off.
	if wait := got.NextAttemptAt.Sub(got.LastError.At); wait != 45*time.Second || runs.Load() != 1 {
		t.Errorf("it is tried again after %v, and was %d times, want 45 s and once", wait, runs.Load())
	}
	n.exec(t, `update records set next_attempt_at = now()`)
	n.comes(t, key("p", "a"), records.Dead)
}

func TestWorkerSkipsWhatAFilterLeavesOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("near", 3, "")})
	s.near = func(_ context.Context, jobs []*pipeline.Job) { jobs[0].Skip() }
	n := s.node(t, 1)
	n.submit(t, "p", `{"id":"a"}`)
	if got := n.comes(t, key("p", "a"), records.Skipped); got.Result != nil || got.ProcessedAt == nil || got.Attempts != 1 || got.LastError != nil {
		t.Errorf("what is left out is %+v", got)
	}
}

func TestWorkerGoesOnWhenAStepPanics(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"near", "far"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"p": quick(kind, 2, "")})
			poison := func(_ context.Context, jobs []*pipeline.Job) {
				if slices.ContainsFunc(jobs, func(j *pipeline.Job) bool { return j.Payload.ID == "poison" }) {
					panic("poison")
				}
			}
			s.near, s.far = poison, poison
			n := s.node(t, 1)
			n.submit(t, "p", `{"id":"poison"}`)
			if got := n.comes(t, key("p", "poison"), records.Dead); got.Attempts != 2 || got.LastError == nil {
				t.Errorf("the poison is %+v, want it DEAD after two attempts", got)
			}
			n.submit(t, "p", `{"id":"after"}`)
			n.comes(t, key("p", "after"), records.Processed)
		})
	}
}

func TestWorkerProcessesWhatADeactivatedPipelineTookIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("near", 3, "")})
	idle := s.node(t, 0)
	idle.submit(t, "p", `{"id":"a"}`)
	idle.exec(t, `update pipelines set active = false where name = 'p'`)
	n := s.node(t, 1)
	n.comes(t, key("p", "a"), records.Processed)
	got, err := n.intake.Submit(t.Context(), pipeline.Reach{}, "p", []json.RawMessage{json.RawMessage(`{"id":"b"}`)})
	if err != nil || got[0].Refusal == nil || got[0].Refusal.Code != pipeline.Inactive {
		t.Errorf("Submit to it = %+v, %v, want %s", got, err, pipeline.Inactive)
	}
}

func TestWorkerProcessesByTheVersionInForce(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("near", 3, "")})
	idle := s.node(t, 0)
	idle.submit(t, "p", `{"id":"a"}`)
	n := s.node(t, 1)
	if got := n.comes(t, key("p", "a"), records.Processed); got.PipelineVersion != 1 {
		t.Errorf("it was processed by version %d, want 1", got.PipelineVersion)
	}
	define(t, n.pools, "p", 2, quick("near", 4, ""))
	for _, id := range []string{"b", "c"} { // both nodes have the first version at hand
		if made := idle.submit(t, "p", fmt.Sprintf(`{"id":%q}`, id)); made[0].PipelineVersion != 2 {
			t.Errorf("it was taken in by version %d, want 2", made[0].PipelineVersion)
		}
		if got := n.comes(t, key("p", id), records.Processed); got.PipelineVersion != 2 {
			t.Errorf("it was processed by version %d, want 2", got.PipelineVersion)
		}
	}
}

func TestWorkerLetsNoBacklogKeepAnotherPipelineWaiting(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"big": quick("near", 3, ""), "small": quick("near", 3, "")})
	var busy atomic.Int64
	s.near = func(_ context.Context, jobs []*pipeline.Job) {
		if jobs[0].Payload.ID != "one" {
			busy.Add(1)
			timer := time.NewTimer(20 * time.Millisecond)
			<-timer.C
		}
	}
	n := s.node(t, 1)
	for call := range 4 {
		payloads := make([]string, 1000)
		for i := range payloads {
			payloads[i] = fmt.Sprintf(`{"id":"%d-%d"}`, call, i)
		}
		n.submit(t, "big", payloads...)
	}
	eventually(t, "the backlog is worked on", func() bool { return busy.Load() > 2 })
	n.submit(t, "small", `{"id":"one"}`)
	n.comes(t, key("small", "one"), records.Processed)
	if left := n.count(t, `select count(*) from records where pipeline = 'big' and state = 'QUEUED'`); left == 0 {
		t.Error("the backlog was worked off first")
	}
}
