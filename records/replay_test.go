package records_test

import (
	"fmt"
	"testing"

	"barograph/pipeline"
	"barograph/records"
)

func TestReplayByKeysTellsWhatItDidWithEach(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	seed(t, g, row{"default", "dead", records.Dead, 0, 0}, row{"default", "skipped", records.Skipped, 0, 1}, row{"default", "done", records.Processed, 0, 2},
		row{"default", "waits", records.Queued, 0, 3})
	g.exec(t, `update records set attempts = 5, error_code = 'STEP_FAILED', error_message = 'no', error_at = now() where payload_id = 'dead'`)
	queue := records.NewQueue(g.base)
	keys := []records.Key{}
	for _, id := range []string{"dead", "done", "nobody", "skipped", "dead", "a\x00b", "waits"} {
		keys = append(keys, records.Key{Pipeline: "default", PayloadID: id})
	}
	for _, dry := range []bool{true, false} {
		got, err := queue.ReplayKeys(t.Context(), pipeline.Reach{}, keys, noon, dry)
		if err != nil || got.Replayed+got.Remaining != 2 || (got.Replayed == 0) != dry {
			t.Fatalf("ReplayKeys, dry %t = %+v, %v, want 2 that can be", dry, got, err)
		}
		codes := map[int]pipeline.Code{}
		for _, r := range got.Refusals {
			codes[r.Index] = r.Code
		}
		want := map[int]pipeline.Code{1: records.NotReplayable, 2: records.NotFound, 5: records.NotFound, 6: records.NotReplayable}
		if fmt.Sprint(codes) != fmt.Sprint(want) {
			t.Errorf("ReplayKeys, dry %t, refuses %v, want %v", dry, codes, want)
		}
	}
	for _, r := range page(t, g, records.Filter{States: []records.State{records.Queued}}, records.Range{Limit: 10}) {
		if r.PayloadID == "dead" && (r.Attempts != 5 || r.LastError == nil || !r.NextAttemptAt.Equal(noon) || r.Result != nil) {
			t.Errorf("what was dead is %s", text(r))
		}
	}
	var forgiven int
	if err := g.pools.API.QueryRow(t.Context(), `select forgiven from records where payload_id = 'dead'`).Scan(&forgiven); err != nil || forgiven != 5 {
		t.Errorf("%d attempts are forgiven, %v, want 5", forgiven, err)
	}
	if again, err := queue.ReplayKeys(t.Context(), pipeline.Reach{}, keys[:1], noon, false); err != nil || again.Replayed != 0 || len(again.Refusals) != 1 {
		t.Errorf("ReplayKeys again = %+v, %v, want a refusal", again, err)
	}
}

func TestReplayByFilterTakesTheOldestAndLeavesTheRestForAnotherCall(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	rows := make([]row, 0, records.ReplayLimit+60)
	for i := range records.ReplayLimit + 50 {
		rows = append(rows, row{"default", fmt.Sprintf("%05d", i), []records.State{records.Dead, records.Skipped}[i%2], 0, i})
	}
	for i := range 10 {
		rows = append(rows, row{"orders", fmt.Sprint(i), records.Dead, 0, 0}, row{"default", fmt.Sprint("done-", i), records.Processed, 0, 0})
	}
	seed(t, g, rows...)
	queue := records.NewQueue(g.base)
	filter := records.Filter{Pipelines: []string{"default"}}
	for i, want := range []records.Replay{
		{Remaining: records.ReplayLimit + 50}, {Replayed: records.ReplayLimit, Remaining: 50}, {Replayed: 50}, {},
	} {
		got, err := queue.Replay(t.Context(), pipeline.Reach{}, filter, noon, i == 0)
		if err != nil || got.Replayed != want.Replayed || got.Remaining != want.Remaining {
			t.Fatalf("call %d: Replay = %+v, %v, want %+v", i, got, err, want)
		}
		if i == 1 {
			left := page(t, g, records.Filter{Pipelines: []string{"default"}, States: []records.State{records.Dead, records.Skipped}}, records.Range{Limit: 1})
			if left[0].PayloadID != fmt.Sprintf("%05d", records.ReplayLimit) {
				t.Errorf("the oldest that is left is %s", left[0].PayloadID)
			}
		}
	}
	if got := page(t, g, records.Filter{Pipelines: []string{"orders"}, States: []records.State{records.Queued}}, records.Range{Limit: 10}); len(got) != 0 {
		t.Errorf("%d records of another pipeline were replayed", len(got))
	}
	for name, filter := range map[string]records.Filter{"of two pipelines": {Pipelines: []string{"orders", "b"}}, "of none": {States: []records.State{records.Dead}}} {
		if got, err := queue.Replay(t.Context(), pipeline.Reach{}, filter, noon, false); err != nil || got.Replayed != 0 || got.Remaining != 0 {
			t.Errorf("Replay %s = %+v, %v, want nothing", name, got, err)
		}
	}
}
