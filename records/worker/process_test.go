package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"barograph/pipeline"
	"barograph/records"
)

func TestProcessAnswersWhatCameOfThePayload(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"near", "far"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"again": quick(kind, 2, ""), "once": quick(kind, 1, "")})
			var runs atomic.Int64
			steps := func(_ context.Context, jobs []*pipeline.Job) {
				for _, j := range jobs {
					runs.Add(1)
					switch j.Payload.ID {
					case "bad":
						j.Fail("cannot be done")
					case "skip":
						j.Skip()
					}
				}
			}
			s.near, s.far = steps, steps
			n := s.node(t, 0)
			cases := []struct {
				pipeline, id string
				state        records.State
				fails        bool
			}{
				{"again", "good", records.Processed, false}, {"again", "skip", records.Skipped, false},
				{"again", "bad", records.Retrying, true}, {"once", "bad", records.Dead, true},
			}
			for _, c := range cases {
				text := json.RawMessage(fmt.Sprintf(`{"id":%q}`, c.id))
				before := runs.Load()
				got, err := n.intake.Process(t.Context(), pipeline.Reach{}, c.pipeline, text)
				if err != nil || got.Record == nil || got.Duplicate {
					t.Fatalf("Process(%s) = %+v, %v", text, got, err)
				}
				if r := got.Record; r.State != c.state || r.Attempts != 1 || (r.LastError != nil) != c.fails || (got.Refusal != nil) != c.fails ||
					c.fails && got.Refusal.Code != pipeline.StepFailed || got.PayloadID != c.id {
					t.Errorf("Process(%s) = %+v with %+v, want it %s", text, r, got.Refusal, c.state)
				}
				history, err := n.store.History(t.Context(), pipeline.Reach{}, []records.Key{got.Record.Key})
				if failed := len(history[got.Record.Key]) == 1; err != nil || failed != c.fails {
					t.Errorf("History = %+v, %v, want an attempt: %t", history, err, c.fails)
				}
				again, err := n.intake.Process(t.Context(), pipeline.Reach{}, c.pipeline, text)
				if err != nil || !again.Duplicate || again.Refusal != nil || again.Record.State != c.state || again.Record.Position != got.Record.Position {
					t.Errorf("Process(%s) again = %+v, %v, want the first record", text, again, err)
				}
				if ran := runs.Load() - before; kind == "far" && ran != 1 {
					t.Errorf("the step ran %d times, want once", ran)
				}
			}
		})
	}
}

func TestProcessOfOnePayloadManyTimesHasOneEffect(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 2, "")})
	var effects atomic.Int64
	s.far = func(context.Context, []*pipeline.Job) { effects.Add(1) }
	nodes := []*node{s.node(t, 1), s.node(t, 1)}
	var all sync.WaitGroup
	var firsts atomic.Int64
	for i := range 60 {
		all.Go(func() {
			got, err := nodes[i%2].intake.Process(t.Context(), pipeline.Reach{}, "p", json.RawMessage(`{"id":"a"}`))
			if err != nil || got.Record == nil || got.Refusal != nil {
				t.Errorf("Process = %+v, %v", got, err)
			} else if !got.Duplicate {
				firsts.Add(1)
			}
		})
	}
	all.Wait()
	if firsts.Load() != 1 || effects.Load() != 1 {
		t.Errorf("%d were the first, with %d effects, want one", firsts.Load(), effects.Load())
	}
}

func TestProcessGoesOnWhenItsCallerLeaves(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 2, "")})
	n := s.node(t, 0)
	ctx, leave := context.WithCancel(t.Context())
	started, free := make(chan struct{}), make(chan struct{})
	s.far = func(ctx context.Context, jobs []*pipeline.Job) {
		close(started)
		<-free
		if ctx.Err() != nil {
			jobs[0].Fail("cut off")
		}
	}
	answered := make(chan error)
	go func() {
		_, err := n.intake.Process(ctx, pipeline.Reach{}, "p", json.RawMessage(`{"id":"a"}`))
		answered <- err
	}()
	<-started
	n.comes(t, key("p", "a"), records.Processing)
	leave()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("Process by a caller who left: %v, want %v", err, context.Canceled)
	}
	close(free)
	n.comes(t, key("p", "a"), records.Processed)
}

func TestSubmitTellsWhatBecameOfEachPayload(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("near", 2, "")})
	n := s.node(t, 0)
	n.submit(t, "p", `{"id":"old","v":1}`)
	texts := []json.RawMessage{}
	for _, text := range []string{
		`{"id":"new"}`, `null`, `{"id":"old","v":1}`, `{"id":"old","v":2}`, `{"id":"new"}`, `{"id":"new","other":true}`, `{"id":""}`, `[]`,
	} {
		texts = append(texts, json.RawMessage(text))
	}
	texts = append(texts, nil)
	got, err := n.intake.Submit(t.Context(), pipeline.Reach{}, "p", texts)
	if err != nil || len(got) != len(texts) {
		t.Fatalf("Submit = %v, %v, want %d outcomes", got, err, len(texts))
	}
	want := []struct {
		record, duplicate bool
		code              pipeline.Code
		field, id         string
	}{
		{true, false, "", "", "new"},
		{false, false, pipeline.PayloadNotObject, "[input payloads 1]", ""},
		{true, true, "", "", "old"},
		{true, false, pipeline.PayloadConflict, "[input payloads 3 id]", "old"},
		{true, true, "", "", "new"},
		{true, false, pipeline.PayloadConflict, "[input payloads 5 id]", "new"},
		{false, false, pipeline.PayloadIDInvalid, "[input payloads 6 id]", ""},
		{false, false, pipeline.PayloadNotObject, "[input payloads 7]", ""},
		{false, false, pipeline.PayloadNotObject, "[input payloads 8]", ""},
	}
	for i, w := range want {
		g := got[i]
		var code pipeline.Code
		var field string
		if g.Refusal != nil {
			code, field = g.Refusal.Code, fmt.Sprint(g.Refusal.Field)
		}
		if (g.Record != nil) != w.record || g.Duplicate != w.duplicate || code != w.code || field != w.field || g.PayloadID != w.id {
			t.Errorf("outcome %d = %+v with %s at %s, want %+v", i, g, code, field, w)
		}
	}
	for name, call := range map[string]struct {
		pipeline string
		code     pipeline.Code
	}{"missing": {"missing", pipeline.NotFound}, "no name": {"No Name", pipeline.NotFound}} {
		got, err := n.intake.Submit(t.Context(), pipeline.Reach{}, call.pipeline, texts[:2])
		if err != nil || got[0].Refusal == nil || got[0].Refusal.Code != call.code || fmt.Sprint(got[0].Refusal.Field) != "[input pipeline]" {
			t.Errorf("Submit to a pipeline that is %s = %+v, %v, want %s", name, got, err, call.code)
		}
	}
}
