package resolvers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"barograph/internal/gatewaytest"
)

// declare makes a pipeline whose definition declares total a range, with records
// that have attributes, by the payload's id.
func declare(t *testing.T, g *gatewaytest.Gateway, name string, attributes map[string]string) {
	t.Helper()
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := g.Base.Pools.API.Exec(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	var made struct {
		CreatePipeline struct{ Problems []struct{ Message string } }
	}
	g.Data(t, `mutation ($name: String!, $definition: JSON!) { createPipeline(input: {name: $name, definition: $definition}) { problems { message } } }`,
		gatewaytest.Variables{"name": name, "definition": json.RawMessage(`{"attributes": {
			"total": {"expression": "payload.total", "type": "NUMBER", "range": true}, "lane": {"expression": "payload.lane", "type": "STRING"}}}`)}, &made)
	if problems := made.CreatePipeline.Problems; len(problems) > 0 {
		t.Fatalf("createPipeline: %v", problems)
	}
	for id, a := range attributes {
		payload, err := g.Base.Sealer.Seal([]byte(`{}`), []byte("payload\x00"+name+"\x00"+id))
		if err != nil {
			t.Fatal(err)
		}
		exec(`insert into records (pipeline, payload_id, fingerprint, state, payload, pipeline_version, received_at, processed_at, attributes)
			values ($1, $2, sha256(''), 'PROCESSED', $3, 1, $4, $4, $5)`, name, id, payload, time.Now(), a)
	}
}

func TestRecordsAreFilteredByAttributes(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	declare(t, g, "orders", map[string]string{"a": `{"lane": "fast", "total": 9007199254740993}`, "b": `{"lane": "slow", "total": 12.5}`})
	const query = `query ($filter: RecordFilter!) { records(filter: $filter) { totalCount nodes { payloadId attributes } } }`
	for name, c := range map[string]struct{ filter, want string }{
		"a string":                 {`{"attributes": [{"name": "lane", "eq": "fast"}]}`, "a"},
		"a number, to the digit":   {`{"attributes": [{"name": "total", "eq": 9007199254740993}]}`, "a"},
		"its neighbour":            {`{"attributes": [{"name": "total", "eq": 9007199254740992}]}`, ""},
		"no value given":           {`{"attributes": []}`, "ab"},
		"a range that is declared": {`{"pipeline": "orders", "attributes": [{"name": "total", "gt": 12, "lte": 12.5}]}`, "b"},
		"two":                      {`{"attributes": [{"name": "lane", "eq": "fast"}, {"name": "total", "eq": 12.5}]}`, ""},
		"one that is no list":      {`{"attributes": {"name": "lane", "eq": "slow"}}`, "b"},
		"one that nobody has":      {`{"attributes": [{"name": "nobody", "eq": true}]}`, ""},
		"a null beside something":  {`{"attributes": [{"name": "lane", "eq": "slow", "gt": null}]}`, "b"},
	} {
		var got struct {
			Records struct {
				TotalCount int
				Nodes      []struct {
					PayloadID  string
					Attributes map[string]any
				}
			}
		}
		g.Data(t, query, gatewaytest.Variables{"filter": json.RawMessage(c.filter)}, &got)
		var ids []string
		for _, n := range got.Records.Nodes {
			ids = append(ids, n.PayloadID)
			if len(n.Attributes) != 2 {
				t.Errorf("%s: attributes = %v", name, n.Attributes)
			}
		}
		if len(ids) == 2 {
			ids = []string{"ab"}
		}
		if text := strings.Join(ids, ""); text != c.want || got.Records.TotalCount != len(c.want) {
			t.Errorf("%s: %q and %d, want %q", name, text, got.Records.TotalCount, c.want)
		}
	}
	var literal struct {
		Records struct{ Nodes []struct{ PayloadID string } }
	}
	g.Data(t, `{ records(filter: {attributes: [{name: "total", eq: 9007199254740993}]}) { nodes { payloadId } } }`, nil, &literal)
	if len(literal.Records.Nodes) != 1 {
		t.Errorf("a literal of many digits finds %v", literal.Records.Nodes)
	}
}

func TestAttributeFiltersAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	declare(t, g, "orders", nil)
	one := func(attribute string) string { return `{"pipeline": "default", "attributes": [` + attribute + `]}` }
	for name, c := range map[string]struct{ filter, want string }{
		"an object":                {one(`{"name": "a", "eq": {"b": 1}}`), "filter.attributes[0]: eq: "},
		"a list":                   {one(`{"name": "a", "eq": [1]}`), "filter.attributes[0]: eq: "},
		"nothing":                  {one(`{"name": "a"}`), "filter.attributes[0]: one of eq, gt"},
		"null":                     {one(`{"name": "a", "eq": null}`), "filter.attributes[0]: one of eq, gt"},
		"no name":                  {one(`{"name": "", "eq": 1}`), "filter.attributes[0]: name: "},
		"the second":               {one(`{"name": "a", "eq": 1}, {"name": "b", "eq": 1e999}`), "filter.attributes[1]: eq: "},
		"nine":                     {one(strings.Repeat(`{"name": "a", "eq": 1},`, 8) + `{"name": "a", "eq": 1}`), "filter.attributes: 9 are given, and 8 are allowed"},
		"a range nobody declares":  {one(`{"name": "a", "gt": 1}`), `filter.attributes[0]: pipeline "default" declares no attribute a range`},
		"a range of no pipeline":   {`{"attributes": [{"name": "total", "lte": 1}]}`, "filter.attributes[0]: a range needs the pipeline"},
		"another than is declared": {`{"pipeline": "orders", "attributes": [{"name": "lane", "lte": 1}]}`, `filter.attributes[0]: pipeline "orders" declares "lane" no range: only total`},
		"a range of an unknown":    {`{"pipeline": "nobody", "attributes": [{"name": "total", "lte": 1}]}`, `filter.attributes[0]: there is no pipeline named "nobody"`},
	} {
		e := g.Error(t, `query ($filter: RecordFilter!) { records(filter: $filter) { nodes { payloadId } } }`, gatewaytest.Variables{"filter": json.RawMessage(c.filter)})
		if e.Extensions.Code != "BAD_USER_INPUT" || !strings.HasPrefix(e.Message, c.want) || e.Where() != "records" {
			t.Errorf("%s: %s %q at %s, want BAD_USER_INPUT %q", name, e.Extensions.Code, e.Message, e.Where(), c.want)
		}
	}
}

func TestPipelineStatsAndSeriesCount(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for i := range 3 {
		process(t, g, map[string]any{"id": fmt.Sprint(i)})
	}
	var got struct {
		Pipeline struct {
			Stats struct {
				Received, Processed, Backlog int
				Throughput                   float64
				Latency                      struct {
					Count int
					P95   *float64
				}
				OldestAt *string
			}
			Series []struct {
				Received, Processed int
				Since, Until        time.Time
			}
		}
	}
	g.Data(t, `{ pipeline(name: "default") {
		stats(seconds: 3) { received processed backlog throughput latency { count p95 } oldestAt }
		series(buckets: 90, bucketSeconds: 10) { received processed since until }
	} }`, nil, &got)
	stats, series := got.Pipeline.Stats, got.Pipeline.Series
	if stats.Received != 3 || stats.Processed != 3 || stats.Throughput != 1 || stats.Backlog != 0 || stats.OldestAt != nil || stats.Latency.Count != 3 || *stats.Latency.P95 < 0 {
		t.Errorf("stats = %+v", stats)
	}
	sum := 0
	for i, b := range series {
		sum += b.Received
		if i > 0 && !b.Since.Equal(series[i-1].Until) {
			t.Errorf("bucket %d begins at %v, and the one before ends at %v", i, b.Since, series[i-1].Until)
		}
	}
	if len(series) != 90 || sum != 3 {
		t.Errorf("%d buckets with %d records, want 90 with 3", len(series), sum)
	}
}

func TestRecordStatsGroupByAnAttribute(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	declare(t, g, "orders", map[string]string{
		"a": `{"lane": "fast", "total": 1}`, "b": `{"lane": "fast", "total": 2}`, "c": `{"lane": "slow", "total": 12.5}`, "d": `{"total": 1e400}`,
	})
	var got struct {
		RecordStats struct {
			Groups []struct {
				Value   any
				Count   int
				Numbers struct {
					Count                            int
					Min, Max, Average, P50, P95, P99 *float64
				}
			}
			OmittedGroups, OmittedRecords int
		}
	}
	const query = `query ($filter: RecordFilter! = {}, $by: String, $of: String!, $first: Int! = 20) {
		recordStats(filter: $filter, groupBy: $by, of: $of, first: $first) {
			groups { value count numbers { count min max average p50 p95 p99 } } omittedGroups omittedRecords
		}
	}`
	g.Data(t, query, gatewaytest.Variables{"by": "lane", "of": "total", "first": 2, "filter": map[string]any{"pipeline": "orders"}}, &got)
	first := got.RecordStats
	if len(first.Groups) != 2 || first.Groups[0].Value != "fast" || first.Groups[0].Count != 2 || *first.Groups[0].Numbers.Average != 1.5 || first.OmittedGroups != 1 || first.OmittedRecords != 1 {
		t.Errorf("recordStats = %+v", first)
	}
	g.Data(t, query, gatewaytest.Variables{"of": "total"}, &got)
	if all := got.RecordStats; len(all.Groups) != 1 || all.Groups[0].Count != 4 || *all.Groups[0].Numbers.Max < 1e308 {
		t.Errorf("recordStats of all = %+v", all)
	}
	for name, variables := range map[string]gatewaytest.Variables{
		"no such attribute":      {"of": ""},
		"no such grouping":       {"of": "total", "by": ""},
		"none":                   {"of": "total", "first": 0},
		"too many":               {"of": "total", "first": 1001},
		"a range nobody decided": {"of": "total", "filter": map[string]any{"attributes": []any{map[string]any{"name": "total", "gt": 1}}}},
	} {
		if e := g.Error(t, query, variables); e.Extensions.Code != "BAD_USER_INPUT" {
			t.Errorf("%s: %s %s", name, e.Extensions.Code, e.Message)
		}
	}
	for _, field := range []string{`stats(seconds: 0) { received }`, `stats(seconds: 31622401) { received }`, `series(buckets: 0) { received }`, `series(buckets: 1001) { received }`, `series(bucketSeconds: 0) { received }`} {
		if e := g.Error(t, `{ pipeline(name: "default") { `+field+` } }`, nil); e.Extensions.Code != "BAD_USER_INPUT" {
			t.Errorf("%s: %s %s", field, e.Extensions.Code, e.Message)
		}
	}
}
