package worker_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"barograph/pipeline"
)

// A backlog beyond its limit refuses what is submitted, with a hint when to come
// again, keeps nothing of it, and takes payloads in again once it has been worked
// off. What is processed at once is not held up by it.
func TestSubmitIsRefusedWhileTheBacklogIsBeyondItsLimit(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"near": quick("near", 1, "")})
	s.backlog = 100
	idle := s.node(t, 0)
	payloads := func(from, to int) (texts []json.RawMessage) {
		for i := from; i < to; i++ {
			texts = append(texts, json.RawMessage(fmt.Sprintf(`{"id":"%d"}`, i)))
		}
		return texts
	}
	accepted, err := idle.intake.Submit(t.Context(), pipeline.Reach{}, "near", payloads(0, 100))
	if err != nil || accepted[99].Refusal != nil {
		t.Fatalf("as many as the limit: %+v, %v", accepted[99], err)
	}
	accepted, err = idle.intake.Submit(t.Context(), pipeline.Reach{}, "near", payloads(100, 110))
	if err != nil {
		t.Fatalf("beyond the limit: %v", err)
	}
	for i, a := range accepted {
		if a.Refusal == nil || a.Refusal.Code != pipeline.Overloaded || a.Refusal.RetryAfter <= 0 || a.Record != nil {
			t.Fatalf("payload %d beyond the limit: %+v, want OVERLOADED and when to come again", i, a)
		}
	}
	if n := idle.count(t, `select count(*) from records`); n != 100 {
		t.Errorf("there are %d records, want the 100 that were taken in", n)
	}
	if a, err := idle.intake.Process(t.Context(), pipeline.Reach{}, "near", json.RawMessage(`{"id":"now"}`)); err != nil || a.Record == nil || a.Refusal != nil {
		t.Errorf("Process beyond the limit = %+v, %v", a, err)
	}
	s.node(t, 1)
	eventually(t, "payloads are taken in again", func() bool {
		accepted, err := idle.intake.Submit(t.Context(), pipeline.Reach{}, "near", payloads(100, 110))
		return err == nil && accepted[0].Refusal == nil
	})
}
