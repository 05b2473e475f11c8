package records_test

import (
	"fmt"
	"testing"
	"time"

	"barograph/pipeline"
	"barograph/records"
)

// took makes records of the default pipeline that were taken in so many minutes
// past noon and came to a state so many milliseconds later.
func took(t *testing.T, g *gateway, state records.State, minutes int, milliseconds ...int) {
	t.Helper()
	for i, ms := range milliseconds {
		g.exec(t, `
			insert into records (pipeline, payload_id, fingerprint, state, payload, pipeline_version, received_at, processed_at, attempts)
			values ('default', $1, sha256(''), $2, '{}', 1, $3, $4, 2)`,
			fmt.Sprintf("%s-%d-%d", state, minutes, i), string(state), at(minutes), at(minutes).Add(time.Duration(ms)*time.Millisecond))
	}
}

func known(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || *got < want-1e-9 || *got > want+1e-9 {
		t.Errorf("%s = %v, want %g", what, deref(got), want)
	}
}

func deref(n *float64) any {
	if n == nil {
		return "none"
	}
	return *n
}

func TestStatsSayWhatBecameOfRecordsAndWhatIsUnfinished(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	took(t, g, records.Processed, 30, 100, 200, 300, 400)
	took(t, g, records.Processed, -1, 99999) // too old
	took(t, g, records.Processed, 60, 99999) // too new
	took(t, g, records.Skipped, 30, 7)
	took(t, g, records.Dead, 30, 7, 7)
	seed(t, g, row{"default", "a", records.Queued, 0, -100}, row{"default", "b", records.Retrying, 0, -200}, row{"default", "c", records.Processing, 0, 40},
		row{"other", "d", records.Queued, 0, -300}, row{"other", "e", records.Processing, 0, -400}, row{"other", "f", records.Processed, 0, 30})
	for minutes, id := range map[int]string{-1: "x", 0: "y", 59: "z", 60: "u"} {
		g.exec(t, `insert into record_attempts values ('default', $1, 1, 1, $2, 'STEP_FAILED', 'no')`, id, at(minutes))
	}
	got, err := g.store.Stats(t.Context(), pipeline.Reach{}, "default", at(0), at(60))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ got, want int }{
		"received": {got.Received, 8}, "processed": {got.Processed, 4}, "skipped": {got.Skipped, 1}, "dead": {got.Dead, 2},
		"attempts": {got.Attempts, 14}, "failures": {got.Failures, 2}, "latencies": {got.Latency.Count, 4},
		"queued": {got.Queued, 1}, "processing": {got.Processing, 1}, "retrying": {got.Retrying, 1}, "backlog": {got.Backlog(), 3},
	} {
		if c.got != c.want {
			t.Errorf("%s = %d, want %d", name, c.got, c.want)
		}
	}
	known(t, "the least latency", got.Latency.Min, 100)
	known(t, "the average latency", got.Latency.Average, 250)
	known(t, "the median latency", got.Latency.P50, 200)
	known(t, "the 99th percentile", got.Latency.P99, 400)
	known(t, "throughput", ptr(got.Throughput()), 4.0/3600)
	if got.Oldest == nil || !got.Oldest.Equal(at(-200)) {
		t.Errorf("the oldest unfinished record is of %v, want %v", got.Oldest, at(-200))
	}
}

func TestStatsOfAnIdlePipelineAreZero(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	got, err := g.store.Stats(t.Context(), pipeline.Reach{}, "nobody", at(0), at(60))
	if err != nil || *got != (records.Stats{Since: at(0), Until: at(60)}) {
		t.Errorf("Stats = %+v, %v, want none", got, err)
	}
}

func TestSeriesHasEveryBucket(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t))) // whose noon is 123 ms past
	took(t, g, records.Processed, -7, 100, 300)
	took(t, g, records.Dead, -7, 1)
	took(t, g, records.Skipped, -2, 1)
	took(t, g, records.Processed, -30, 1) // before the first
	seed(t, g, row{"default", "a", records.Queued, 0, 0}, row{"other", "b", records.Processed, 0, -2})
	got, err := g.store.Series(t.Context(), pipeline.Reach{}, "default", 5, 5*time.Minute, at(1))
	if err != nil {
		t.Fatal(err)
	}
	whole := noon.Truncate(time.Hour)
	want := []string{"-20 0 0 0 0", "-15 0 0 0 0", "-10 3 2 0 1 200", "-5 1 0 1 0", "0 1 0 0 0"}
	for i, b := range got {
		text := fmt.Sprintf("%g %d %d %d %d", b.Since.Sub(whole).Minutes(), b.Received, b.Processed, b.Skipped, b.Dead)
		if b.Latency != nil {
			text += fmt.Sprintf(" %g", *b.Latency)
		}
		if i >= len(want) || text != want[i] || b.Until.Sub(b.Since) != 5*time.Minute {
			t.Errorf("bucket %d = %s until %v", i, text, b.Until)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d buckets, want %d", len(got), len(want))
	}
}

func TestGroupSpreadsANumberByAnotherAttribute(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	attributed(t, g,
		`{"lane": "a", "total": 1}`, `{"lane": "a", "total": 2}`, `{"lane": "a", "total": 9}`, `{"lane": "a", "total": "much"}`,
		`{"lane": 7, "total": 0.5}`, `{"lane": 7.0, "total": -1e400}`, `{"lane": true}`, `{"total": 3}`, "", "")
	got, err := g.store.Group(t.Context(), pipeline.Reach{}, records.Filter{Pipelines: []string{"default"}}, ptr("lane"), "total", 3)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`"a" 4 3`, ` 3 1`, `7 2 2`}
	for i, group := range got.Groups {
		if text := fmt.Sprintf("%s %d %d", group.Value, group.Count, group.Numbers.Count); i >= len(want) || text != want[i] {
			t.Errorf("group %d = %s", i, text)
		}
	}
	if len(got.Groups) != 3 || got.OmittedGroups != 1 || got.OmittedRecords != 1 {
		t.Fatalf("%d groups, %d more with %d records; want 3, 1 and 1", len(got.Groups), got.OmittedGroups, got.OmittedRecords)
	}
	lane := got.Groups[0].Numbers
	known(t, "min", lane.Min, 1)
	known(t, "max", lane.Max, 9)
	known(t, "average", lane.Average, 4)
	known(t, "p50", lane.P50, 2)
	known(t, "p95", lane.P95, 9)
	if got := got.Groups[2].Numbers; got.Min == nil || *got.Min > -1e308 {
		t.Errorf("min = %v, want about as little as there is", deref(got.Min))
	}

	all, err := g.store.Group(t.Context(), pipeline.Reach{}, records.Filter{ReceivedBefore: ptr(at(2))}, nil, "total", 20)
	if err != nil || len(all.Groups) != 1 || all.Groups[0].Value != nil || all.Groups[0].Count != 2 || all.OmittedGroups != 0 {
		t.Fatalf("without a grouping: %+v, %v, want one group of 2", all, err)
	}
	known(t, "average", all.Groups[0].Numbers.Average, 1.5)
	none, err := g.store.Group(t.Context(), pipeline.Reach{}, records.Filter{Pipelines: []string{"a", "b"}}, nil, "total", 20)
	if err != nil || len(none.Groups) != 0 {
		t.Errorf("of no record: %+v, %v, want no group", none, err)
	}
}
