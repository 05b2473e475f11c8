package resolvers_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/gatewaytest"
)

type page struct {
	Records struct {
		TotalCount *int
		Nodes      []struct {
			PayloadID  string
			ReceivedAt time.Time
		}
		Edges    []struct{ Cursor string }
		PageInfo struct {
			HasNextPage, HasPreviousPage bool
			StartCursor, EndCursor       *string
		}
	}
}

const pageQuery = `query ($filter: RecordFilter! = {}, $order: RecordOrder! = {}, $first: Int, $after: String, $last: Int, $before: String) {
	records(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
		totalCount nodes { payloadId receivedAt } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
	}
}`

func (p page) ids() []string {
	list := make([]string, len(p.Records.Nodes))
	for i, n := range p.Records.Nodes {
		list[i] = n.PayloadID
	}
	return list
}

func TestRecordsPageForwardAndBackwardInBothDirections(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	all := ids(25)
	for _, id := range all {
		process(t, g, map[string]any{"id": id})
	}
	newest := slices.Clone(all)
	slices.Reverse(newest)
	for direction, want := range map[string][]string{"ASC": all, "DESC": newest} {
		order := map[string]any{"direction": direction}
		var forward []string
		for variables := (gatewaytest.Variables{"order": order, "first": 7}); ; {
			var got page
			g.Data(t, pageQuery, variables, &got)
			forward = append(forward, got.ids()...)
			info := got.Records.PageInfo
			if *got.Records.TotalCount != 25 || *info.EndCursor != got.Records.Edges[len(got.Records.Edges)-1].Cursor {
				t.Errorf("%s page %+v", direction, got)
			}
			if !info.HasNextPage {
				break
			}
			variables["after"] = *info.EndCursor
		}
		if !slices.Equal(forward, want) {
			t.Errorf("%s forward = %v, want %v", direction, forward, want)
		}
		var backward []string
		for variables := (gatewaytest.Variables{"order": order, "last": 7}); ; {
			var got page
			g.Data(t, pageQuery, variables, &got)
			backward = append(got.ids(), backward...)
			if !got.Records.PageInfo.HasPreviousPage {
				break
			}
			variables["before"] = *got.Records.PageInfo.StartCursor
		}
		if !slices.Equal(backward, want) {
			t.Errorf("%s backward = %v, want %v", direction, backward, want)
		}
	}
}

func TestRecordsAreFiltered(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var made struct {
		CreatePipeline struct{ Pipeline struct{ ID string } }
	}
	g.Data(t, `mutation { createPipeline(input: { name: "other" }) { pipeline { id } } }`, nil, &made)
	process(t, g, map[string]any{"id": "oslo", "city": "Oslo"})
	process(t, g, map[string]any{"id": "lima", "city": "lima, peru"})
	middle := process(t, g, map[string]any{"id": "nowhere", "city": "Nowhereville"}).Record.ReceivedAt
	process(t, g, map[string]any{"id": "number", "city": 7})
	var other struct{ ProcessPayload processed }
	g.Data(t, processMutation, gatewaytest.Variables{"pipeline": "other", "payload": map[string]any{"id": "oslo", "city": "Oslo"}}, &other)

	type filter = map[string]any
	for name, c := range map[string]struct {
		filter filter
		want   string
	}{
		"none":                     {filter{}, "oslo lima nowhere number oslo"},
		"a pipeline":               {filter{"pipeline": "other"}, "oslo"},
		"an unknown pipeline":      {filter{"pipeline": "Unknown!"}, ""},
		"a city by name":           {filter{"city": "Lima"}, "lima"},
		"a city by id":             {filter{"city": "City:3143244"}, "oslo oslo"},
		"a state":                  {filter{"states": []string{"PROCESSED", "DEAD"}}, "oslo lima nowhere number oslo"},
		"another state":            {filter{"states": []string{"DEAD"}}, ""},
		"no state given":           {filter{"states": []string{}}, "oslo lima nowhere number oslo"},
		"a time since":             {filter{"receivedSince": middle}, "nowhere number oslo"},
		"a time before":            {filter{"receivedBefore": middle}, "oslo lima"},
		"a time in another offset": {filter{"receivedBefore": middle.In(time.FixedZone("", 5*3600))}, "oslo lima"},
		"all at once":              {filter{"pipeline": "default", "city": "Oslo", "states": []string{"PROCESSED"}, "receivedBefore": middle}, "oslo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got page
			g.Data(t, pageQuery, gatewaytest.Variables{"filter": c.filter, "order": map[string]any{"direction": "ASC"}}, &got)
			if ids := strings.Join(got.ids(), " "); ids != c.want || *got.Records.TotalCount != len(got.ids()) {
				t.Errorf("records(filter: %v) = %s of %d, want %s", c.filter, ids, *got.Records.TotalCount, c.want)
			}
		})
	}
}

func TestRecordsNestUnderCitiesAndPipelines(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	process(t, g, map[string]any{"id": "a", "city": "Oslo"})
	process(t, g, map[string]any{"id": "b", "city": "Lima"})
	type nodes struct {
		Records struct{ Nodes []struct{ PayloadID string } }
	}
	var got struct {
		City, Contradiction nodes
		Pipeline            nodes
	}
	g.Data(t, `{
		city(name: "Lima") { records { nodes { payloadId } } }
		contradiction: city(name: "Lima") { records(filter: { city: "Oslo" }) { nodes { payloadId } } }
		pipeline(name: "default") { records(filter: { city: "Oslo" }) { nodes { payloadId } } }
	}`, nil, &got)
	if n := got.City.Records.Nodes; len(n) != 1 || n[0].PayloadID != "b" {
		t.Errorf("records of Lima = %+v", n)
	}
	if n := got.Contradiction.Records.Nodes; len(n) != 0 {
		t.Errorf("records of Lima in Oslo = %+v", n)
	}
	if n := got.Pipeline.Records.Nodes; len(n) != 1 || n[0].PayloadID != "a" {
		t.Errorf("records of default in Oslo = %+v", n)
	}
}

func TestPageArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for name, c := range map[string]struct{ query, path, code string }{
		"both ends":             {`{ records(first: 1, last: 1) { totalCount } }`, "records", "BAD_USER_INPUT"},
		"none":                  {`{ records(first: 0) { totalCount } }`, "records", "BAD_USER_INPUT"},
		"less than none":        {`{ records(last: -1) { totalCount } }`, "records", "BAD_USER_INPUT"},
		"too many":              {`{ pipelines(first: 1001) { totalCount } }`, "pipelines", "BAD_USER_INPUT"},
		"a cursor of nothing":   {`{ records(after: "bm90aGluZw") { totalCount } }`, "records", "BAD_USER_INPUT"},
		"no cursor at all":      {`{ records(before: "%%%") { totalCount } }`, "records", "BAD_USER_INPUT"},
		"an empty cursor":       {`{ records(before: "") { totalCount } }`, "records", "BAD_USER_INPUT"},
		"a pipeline's cursor":   {`{ records(after: "cDpkZWZhdWx0") { totalCount } }`, "records", "BAD_USER_INPUT"},
		"a city nobody knows":   {`{ records(filter: { city: "Nowhereville" }) { totalCount } }`, "records", "NOT_FOUND"},
		"a time without offset": {`{ records(filter: { receivedSince: "2026-01-01T00:00:00" }) { totalCount } }`, "records.filter.receivedSince", "BAD_USER_INPUT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := g.Error(t, c.query, nil); got.Where() != c.path || got.Extensions.Code != c.code {
				t.Errorf("error = %s at %s, want %s at %s", got.Extensions.Code, got.Where(), c.code, c.path)
			}
		})
	}
}

func TestPipelinesPageByName(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, name := range []string{"c", "a", "b"} {
		var made struct {
			CreatePipeline struct{ Problems []struct{ Code string } }
		}
		g.Data(t, `mutation ($name: String!) { createPipeline(input: { name: $name, description: "for tests" }) { problems { code } } }`, gatewaytest.Variables{"name": name}, &made)
	}
	type connection struct {
		TotalCount int
		Nodes      []struct{ Name string }
		PageInfo   struct {
			HasNextPage bool
			EndCursor   string
		}
	}
	var first, rest, last struct{ Pipelines connection }
	g.Data(t, `{ pipelines(first: 2) { totalCount nodes { name } pageInfo { hasNextPage endCursor } } }`, nil, &first)
	g.Data(t, `query ($after: String) { pipelines(after: $after) { nodes { name } pageInfo { hasNextPage } } }`, gatewaytest.Variables{"after": first.Pipelines.PageInfo.EndCursor}, &rest)
	g.Data(t, `{ pipelines(last: 2) { nodes { name } } }`, nil, &last)
	names := func(c connection) (s string) {
		for _, n := range c.Nodes {
			s += n.Name + " "
		}
		return s
	}
	if p := first.Pipelines; names(p) != "a b " || p.TotalCount != 4 || !p.PageInfo.HasNextPage {
		t.Errorf("first = %+v", p)
	}
	if p := rest.Pipelines; names(p) != "c default " || p.PageInfo.HasNextPage {
		t.Errorf("rest = %+v", p)
	}
	if p := last.Pipelines; names(p) != "c default " {
		t.Errorf("last = %+v", p)
	}
}

func TestNodesAnswersInOrderWithNullForWhatIsNot(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	process(t, g, map[string]any{"id": "a:b"})
	asked := []string{
		"Record:default:a:b", "City:3143244", "Pipeline:default", "City:1", "Record:default:none", "Record::", "Pipeline:", "Pipeline:none",
		"Weather:City:1:METRIC", "Weather:99,0:METRIC", "Weather:0,0:KELVIN", "nonsense", "", "City:03143244",
	}
	var got struct{ Nodes []*struct{ ID string } }
	g.Data(t, `query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`, gatewaytest.Variables{"ids": asked}, &got)
	for i, node := range got.Nodes {
		if i < 3 && (node == nil || node.ID != asked[i]) || i >= 3 && node != nil {
			t.Errorf("nodes[%d] = %+v for %q", i, node, asked[i])
		}
	}
}

func TestRecordIsFoundByItsPayloadID(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	process(t, g, map[string]any{"id": "a"})
	var got struct {
		Found, Missing, Elsewhere, Impossible *struct {
			PayloadID string
			Pipeline  struct{ Name string }
		}
	}
	g.Data(t, `{
		found: record(payloadId: "a") { payloadId pipeline { name } }
		missing: record(payloadId: "b") { payloadId pipeline { name } }
		elsewhere: record(pipeline: "none", payloadId: "a") { payloadId pipeline { name } }
		impossible: record(payloadId: "\u0000") { payloadId pipeline { name } }
	}`, nil, &got)
	if got.Found == nil || got.Found.PayloadID != "a" || got.Found.Pipeline.Name != "default" || got.Missing != nil || got.Elsewhere != nil || got.Impossible != nil {
		t.Errorf("records = %+v", got)
	}
}

func TestADatabaseThatIsAwayIsSaidWithoutItsWords(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	// The database lets nobody in any more, and whoever was in is out.
	name := g.Base.Pools.API.Config().ConnConfig.Database
	config := g.Base.Pools.API.Config().ConnConfig.Copy()
	config.Database = "postgres"
	ctx := context.Background()
	admin, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx) //nolint:errcheck // nothing is left to do about it
	for _, statement := range []string{
		`alter database ` + pgx.Identifier{name}.Sanitize() + ` with allow_connections false`,
		`select pg_terminate_backend(pid) from pg_stat_activity where datname = '` + name + `'`,
	} {
		if _, err := admin.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range []string{`{ records { totalCount } }`, `mutation { processPayload(input: { payload: { id: "a" } }) { duplicate } }`, `{ pipeline(name: "default") { id } }`} {
		got := g.Error(t, query, nil)
		if got.Extensions.Code != "UNAVAILABLE" || !got.Extensions.Retryable || strings.Contains(got.Message, "connections") {
			t.Errorf("%s: error = %+v, want UNAVAILABLE", query, got)
		}
	}
}
