package records_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"barograph/pipeline"
	"barograph/records"
)

// Whatever is sent, in whatever order and company, the first content of an id
// stands, the same one is a duplicate of it, and any other a conflict.
func TestWriterFollowsTheRulesOfAcceptance(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	var runs atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		name := fmt.Sprintf("p%d", runs.Add(1))
		if _, err := g.pipelines.Create(t.Context(), name, nil); err != nil {
			t.Fatalf("create: %v", err)
		}
		stands := map[string]records.Draft{} // the model: by id, what was taken in
		active, version := true, 1
		t.Repeat(map[string]func(*rapid.T){
			"activate": func(t *rapid.T) {
				active = rapid.Bool().Draw(t, "active")
				if _, err := g.pipelines.SetActive(t.Context(), pipeline.Reach{}, name, active); err != nil {
					t.Fatalf("SetActive: %v", err)
				}
			},
			"update": func(t *rapid.T) {
				version++
				if _, err := g.pools.Analytics.Exec(t.Context(), `
					with v as (insert into pipeline_versions (pipeline, version, definition) values ($1, $2, '{}'))
					update pipelines set version = $2 where name = $1`, name, version); err != nil {
					t.Fatalf("update: %v", err)
				}
			},
			"accept": func(t *rapid.T) {
				drafts := make([]records.Draft, rapid.IntRange(1, 5).Draw(t, "drafts"))
				for i := range drafts {
					drafts[i] = draft(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"), rapid.SampledFrom([]string{"x", "y"}).Draw(t, "content"))
					drafts[i].Pipeline = name
					drafts[i].PipelineVersion = version - rapid.IntRange(0, 1).Draw(t, "behind")
					if rapid.Bool().Draw(t, "queued") {
						drafts[i].Progress = records.Progress{State: records.Queued, PipelineVersion: drafts[i].PipelineVersion, NextAttemptAt: &noon}
					}
				}
				got, err := g.writer.AcceptAll(t.Context(), drafts)
				if err != nil {
					t.Fatalf("AcceptAll: %v", err)
				}
				before := map[string]bool{}
				for id := range stands {
					before[id] = true
				}
				for i, d := range drafts {
					first, taken := stands[d.PayloadID]
					switch a := got[i]; {
					case !active:
						if a.Refusal == nil || a.Refusal.Code != pipeline.Inactive || a.Record != nil {
							t.Fatalf("draft %d of an inactive pipeline: %+v", i, a)
						}
					case !before[d.PayloadID] && d.PipelineVersion != version && (!taken || a.Missed != 0):
						if a.Missed != records.Outdated || a.Record != nil || a.Refusal != nil {
							t.Fatalf("draft %d of version %d while %d is in force: %+v", i, d.PipelineVersion, version, a)
						}
					case !taken:
						stands[d.PayloadID] = d
						if a.Record == nil || a.Duplicate || a.Refusal != nil || a.Record.State != d.State {
							t.Fatalf("draft %d, the first of %s: %+v", i, d.PayloadID, a)
						}
					case first.Fingerprint == d.Fingerprint:
						if !a.Duplicate || a.Refusal != nil || string(a.Record.Payload) != string(first.Payload) || a.Record.State != first.State {
							t.Fatalf("draft %d, the same as the first of %s: %+v", i, d.PayloadID, a)
						}
					default:
						if a.Duplicate || a.Refusal == nil || a.Refusal.Code != pipeline.PayloadConflict || string(a.Record.Payload) != string(first.Payload) {
							t.Fatalf("draft %d, other than the first of %s: %+v", i, d.PayloadID, a)
						}
					}
				}
			},
		})
		if count, err := g.store.Count(t.Context(), pipeline.Reach{}, records.Filter{Pipelines: []string{name}}); err != nil || count != len(stands) {
			t.Fatalf("there are %d records, %v, want %d", count, err, len(stands))
		}
	})
}
