package crash_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"barograph/internal/crash"
)

// calmTime is how long records may take to be finished once nothing is killed any
// more: a lease, and the attempts that follow.
const calmTime = 2 * time.Minute

// createPipeline makes a pipeline.
func (c *cluster) createPipeline(t *testing.T, name string, definition map[string]any) {
	t.Helper()
	const mutation = `mutation ($name: String!, $definition: JSON!) { createPipeline(input: { name: $name, definition: $definition }) { problems { code message } } }`
	var got struct {
		CreatePipeline struct {
			Problems []struct{ Code, Message string }
		}
	}
	if err := c.gateways[0].ask(t.Context(), mutation, map[string]any{"name": name, "definition": definition}, &got); err != nil || len(got.CreatePipeline.Problems) > 0 {
		t.Fatalf("create the pipeline %s: %v, %v", name, got.CreatePipeline.Problems, err)
	}
}

// calm waits until every gateway answers and no record waits for anything.
func (c *cluster) calm(t *testing.T) {
	t.Helper()
	const query = `{ records(filter: { states: [QUEUED, PROCESSING, RETRYING] }, first: 1) { totalCount nodes { payloadId } } }`
	var left struct {
		Records struct {
			TotalCount int
			Nodes      []struct{ PayloadID string }
		}
	}
	var last error
	finished := func() bool {
		for _, g := range c.gateways {
			if last = g.ask(t.Context(), query, nil, &left); last != nil || len(left.Records.Nodes) > 0 || left.Records.TotalCount > 0 {
				return false
			}
		}
		return true
	}
	if !within(calmTime, finished) {
		t.Errorf("%v after the last kill, %d records are unfinished, and a gateway answers %v", calmTime, left.Records.TotalCount, last) // which the check tells in detail
	}
}

// records returns all records of a pipeline.
func (c *cluster) records(t *testing.T, pipeline string) (all []crash.Record) {
	t.Helper()
	const query = `query ($pipeline: String!, $after: String) {
		records(filter: { pipeline: $pipeline }, first: 500, after: $after) {
			nodes { payloadId state payload result } pageInfo { hasNextPage endCursor }
		}
	}`
	for variables := (map[string]any{"pipeline": pipeline}); ; {
		var page struct {
			Records struct {
				Nodes []struct {
					PayloadID, State string
					Payload          struct{ Text string }
					Result           json.RawMessage
				}
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		if err := c.gateways[0].ask(t.Context(), query, variables, &page); err != nil {
			t.Fatalf("read the records: %v", err)
		}
		for _, r := range page.Records.Nodes {
			all = append(all, crash.Record{
				Key: crash.Key{Pipeline: pipeline, ID: r.PayloadID}, Content: r.Payload.Text, State: r.State, Result: len(r.Result) > 0 && string(r.Result) != "null",
			})
		}
		if !page.Records.PageInfo.HasNextPage {
			return all
		}
		variables["after"] = page.Records.PageInfo.EndCursor
	}
}

// feed returns what one hears who subscribes now, after a cursor: as many events
// as there are records, or what there is after a while.
func (c *cluster) feed(t *testing.T, after string, records int) (all []crash.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if records == 0 {
		return nil
	}
	err := c.gateways[0].listen(ctx, after, func() {}, func(e crash.Event) bool {
		if e.Pipeline != "default" { // where the first payloads are
			all = append(all, e)
		}
		return len(all) < records
	})
	if err != nil {
		t.Errorf("the feed ends after %d of %d records: %v", len(all), records, err)
	}
	return all
}

// hearOut waits until each subscriber has heard the last event of the feed.
func (c *cluster) hearOut(t *testing.T, h *crash.History, feed []crash.Event) {
	t.Helper()
	if len(feed) == 0 {
		return
	}
	last := feed[len(feed)-1].Cursor
	for n := range subscribers {
		if !within(30*time.Second, func() bool { return h.Last(n) == last }) {
			t.Errorf("subscriber %d does not hear the last event", n)
		}
	}
}
