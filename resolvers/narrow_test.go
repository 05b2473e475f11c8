package resolvers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"barograph/auth"
	"barograph/internal/gatewaytest"
	"barograph/pipeline"
)

// narrowed returns a gateway as somebody asks it who may do everything with the
// pipelines that patterns match, and nothing with others.
func narrowed(t *testing.T, g *gatewaytest.Gateway, patterns ...string) *gatewaytest.Gateway {
	t.Helper()
	reach, err := pipeline.ParseReach(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return g.As(&auth.Principal{Name: "narrowed", Kind: auth.Key, Scopes: auth.All, Reach: reach})
}

const ranged = `{"attributes":{"total":{"expression":"payload.total","type":"NUMBER","range":true}}}`

// tenants returns a gateway on which the pipelines ours-1 and theirs have records
// with the same ids, in the same city.
func tenants(t *testing.T) *gatewaytest.Gateway {
	t.Helper()
	g := gatewaytest.NewWithoutWorkers(t)
	for _, name := range []string{"ours-1", "theirs"} {
		g.Data(t, `mutation ($name: String!, $definition: JSON) { createPipeline(input: {name: $name, definition: $definition}) { problems { code } } }`,
			gatewaytest.Variables{"name": name, "definition": json.RawMessage(ranged)}, &struct{}{})
		for _, id := range []string{"one", "two"} {
			g.Data(t, `mutation ($name: String!, $p: JSON!) { processPayload(input: {pipeline: $name, payload: $p}) { problems { code } } }`,
				gatewaytest.Variables{"name": name, "p": map[string]any{"id": id, "city": "Mumbai", "total": 7, "of": name}}, &struct{}{})
		}
	}
	_, err := g.Base.Pools.API.Exec(t.Context(), `update records set state = 'DEAD', result = null where payload_id = 'two'`)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// byName are operations about a pipeline, or a record of it, by its name NAME.
var byName = map[string]string{
	"pipeline":            `{ pipeline(name: "NAME") { id name definition records { totalCount nodes { id } } stats { received } series { received } } }`,
	"record":              `{ record(pipeline: "NAME", payloadId: "one") { id payload history { number } pipeline { name } } }`,
	"node of a pipeline":  `{ node(id: "Pipeline:NAME") { id } }`,
	"node of a record":    `{ node(id: "Record:NAME:one") { id ... on Record { payload pipeline { id } } } }`,
	"nodes":               `{ nodes(ids: ["Record:NAME:one", "Pipeline:NAME", "Record:NAME:two"]) { id } }`,
	"records":             `{ records(filter: {pipeline: "NAME"}) { totalCount nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } } }`,
	"a page of the dead":  `{ records(filter: {pipeline: "NAME", states: [DEAD]}) { totalCount nodes { id } } }`,
	"by an attribute":     `{ records(filter: {pipeline: "NAME", attributes: [{name: "total", eq: 7}]}) { totalCount nodes { id } } }`,
	"by a range":          `{ records(filter: {pipeline: "NAME", attributes: [{name: "total", gt: 1}]}) { totalCount nodes { id } } }`,
	"records of a city":   `{ city(name: "Mumbai") { records(filter: {pipeline: "NAME"}) { totalCount nodes { id } } } }`,
	"recordStats":         `{ recordStats(filter: {pipeline: "NAME"}, of: "total", groupBy: "total") { groups { value count numbers { max } } omittedGroups omittedRecords } }`,
	"processPayload":      `mutation { processPayload(input: {pipeline: "NAME", payload: {id: "one"}}) { record { id } duplicate problems { code message field } } }`,
	"submitPayloads":      `mutation { submitPayloads(input: {pipeline: "NAME", payloads: [{id: "one"}, {id: "two"}]}) { outcomes { __typename ... on Rejected { payloadId problem { code message field } } } problems { code message } } }`,
	"replay by ids":       `mutation { replayRecords(input: {ids: ["Record:NAME:two", "Record:NAME:one"], dryRun: false}) { matched replayed remaining problems { code message field } } }`,
	"replay by a filter":  `mutation { replayRecords(input: {filter: {pipeline: "NAME"}, dryRun: false}) { matched replayed remaining problems { code message } } }`,
	"updatePipeline":      `mutation { updatePipeline(input: {name: "NAME", description: "mine", expectedVersion: 7}) { pipeline { id } problems { code message field } } }`,
	"activatePipeline":    `mutation { activatePipeline(input: {name: "NAME"}) { pipeline { id } problems { code message field } } }`,
	"deactivatePipeline":  `mutation { deactivatePipeline(input: {name: "NAME"}) { pipeline { id } problems { code message field } } }`,
	"testPipeline":        `mutation { testPipeline(input: {name: "NAME", payload: {id: "one"}}) { result problems { code message field } } }`,
	"an alias for each":   `{ a: pipeline(name: "NAME") { id } b: record(pipeline: "NAME", payloadId: "one") { id } c: node(id: "Record:NAME:one") { id } d: node(id: "Pipeline:NAME") { id } }`,
	"through a fragment":  `query { ...A } fragment A on Query { node(id: "Pipeline:NAME") { ... on Pipeline { stats { received } definition } } }`,
	"a cursor of records": `{ records(filter: {pipeline: "NAME"}, last: 1) { pageInfo { hasPreviousPage startCursor } } }`,
}

// TestWhatIsOutOfReachIsAnsweredAsWhatIsNotThere asks for what another has, and
// for what nobody has: the answers are the same, byte by byte but for the name
// asked for, and so is what the database is asked.
func TestWhatIsOutOfReachIsAnsweredAsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	g := tenants(t)
	ours := narrowed(t, g, "ours-*")
	g.Data(t, `{ pipeline(name: "theirs") { version } }`, nil, &struct{}{}) // somebody has just asked for it
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		foreign, statements := answered(t, ours, byName[name], "theirs")
		missing, others := answered(t, ours, byName[name], "ours-2")
		if foreign != missing {
			t.Errorf("%s: what is out of reach is answered\n%s\nand what is not there\n%s", name, foreign, missing)
		}
		if !slices.Equal(statements, others) || len(statements) == 0 {
			t.Errorf("%s: what is out of reach takes %q, and what is not there %q", name, statements, others)
		}
		if own, _ := answered(t, ours, byName[name], "ours-1"); own == foreign {
			t.Errorf("%s: what is within reach is answered as what is not: %s", name, own)
		}
	}
	var left struct {
		Pipeline struct {
			Active      bool
			Description *string
			Records     struct {
				Nodes []struct{ State, PayloadID string }
			}
		}
	}
	g.Data(t, `{ pipeline(name: "theirs") { active description records { nodes { state payloadId } } } }`, nil, &left)
	if p := left.Pipeline; !p.Active || p.Description != nil || fmt.Sprint(p.Records.Nodes) != "[{DEAD two} {PROCESSED one}]" {
		t.Errorf("after all of it, theirs is %+v", p)
	}
}

// answered returns what is answered to a query about a pipeline, without the name
// of that, and what the gateway did for it.
func answered(t *testing.T, g *gatewaytest.Gateway, query, name string) (answer string, statements []string) {
	t.Helper()
	before := len(g.Logs.String())
	body := g.Ask(t, strings.ReplaceAll(query, "NAME", name), nil)
	for line := range strings.Lines(g.Logs.String()[before:]) {
		var logged struct{ Msg string }
		_ = json.Unmarshal([]byte(line), &logged) // what is no JSON is none of these
		if what, ok := strings.CutSuffix(logged.Msg, " succeeded"); ok && what != "count backlog" {
			statements = append(statements, what)
		}
	}
	slices.Sort(statements) // some run side by side
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), name, "NAME"), statements
}

// What names nothing in particular is of what is within reach.
func TestWhatIsAboutAnyPipelineIsAboutThoseWithinReach(t *testing.T) {
	t.Parallel()
	g := tenants(t)
	for query, want := range map[string]string{
		`{ pipelines { totalCount nodes { name } } }`:                                     `{"pipelines":{"totalCount":1,"nodes":[{"name":"ours-1"}]}}`,
		`{ pipelines(last: 1) { pageInfo { hasPreviousPage } } }`:                         `{"pipelines":{"pageInfo":{"hasPreviousPage":false}}}`,
		`{ records { totalCount nodes { id } } }`:                                         `{"records":{"totalCount":2,"nodes":[{"id":"Record:ours-1:two"},{"id":"Record:ours-1:one"}]}}`,
		`{ records(filter: {states: [DEAD]}) { totalCount nodes { id } } }`:               `{"records":{"totalCount":1,"nodes":[{"id":"Record:ours-1:two"}]}}`,
		`{ city(name: "Mumbai") { records(first: 1) { totalCount nodes { id } } } }`:      `{"city":{"records":{"totalCount":2,"nodes":[{"id":"Record:ours-1:two"}]}}}`,
		`{ records(filter: {attributes: [{name: "total", eq: 7}]}) { totalCount } }`:      `{"records":{"totalCount":2}}`,
		`{ recordStats(of: "total") { groups { count } } }`:                               `{"recordStats":{"groups":[{"count":2}]}}`,
		`{ nodes(ids: ["Record:theirs:one", "Record:ours-1:one", "Record:x:y"]) { id } }`: `{"nodes":[null,{"id":"Record:ours-1:one"},null]}`,
	} {
		if got := narrowed(t, g, "ours-*").Ask(t, query, nil); string(got.Data) != want || len(got.Errors) > 0 {
			t.Errorf("%s: %s %+v, want %s", query, got.Data, got.Errors, want)
		}
		empty := narrowed(t, g, "nobody").Ask(t, query, nil)
		if strings.Contains(string(empty.Data), "ours") || strings.Contains(string(empty.Data), "theirs") || len(empty.Errors) > 0 {
			t.Errorf("%s: who reaches nothing is answered %s %+v", query, empty.Data, empty.Errors)
		}
	}
}

// Whether a name is taken is nobody's to find out who could not have it.
func TestAPipelineOutOfReachIsForbiddenToMake(t *testing.T) {
	t.Parallel()
	g := tenants(t)
	ours := narrowed(t, g, "ours-*")
	const making = `mutation { createPipeline(input: {name: "NAME", definition: {steps: 7}}) { pipeline { name } problems { code } } }`
	taken, statements := answered(t, ours, making, "theirs")
	free, _ := answered(t, ours, making, "nobodys")
	if taken != free || !strings.Contains(taken, `"FORBIDDEN"`) || len(statements) > 0 {
		t.Errorf("a name that is taken is answered %s by %q, and one that is free %s; want FORBIDDEN for both", taken, statements, free)
	}
	if own, _ := answered(t, ours, strings.Replace(making, ", definition: {steps: 7}", "", 1), "ours-3"); !strings.Contains(own, `"name":"NAME"`) {
		t.Errorf("a name within reach is answered %s", own)
	}
}

// Messages are taken in as payloads are: with the scope, and within reach.
func TestMessagesTakeAScopeAndAReach(t *testing.T) {
	t.Parallel()
	g := tenants(t)
	send := func(g *gatewaytest.Gateway, name, contentType string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL+"/ingest/"+name, strings.NewReader(`{"id":"`+name+`","specversion":"1.0","source":"a","type":"b","data":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = g.Header()
		req.Header.Set("Content-Type", contentType)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, strings.ReplaceAll(string(body), name, "NAME")
	}
	for _, contentType := range []string{"application/x-ndjson", "application/cloudevents+json"} {
		ours := narrowed(t, g, "ours-*")
		status, foreign := send(ours, "theirs", contentType)
		if _, missing := send(ours, "ours-2", contentType); status != http.StatusNotFound || foreign != missing {
			t.Errorf("%s: what is out of reach is answered %d %s, and what is not there %s", contentType, status, foreign, missing)
		}
		if status, body := send(ours, "ours-1", contentType); status >= 300 {
			t.Errorf("%s: what is within reach is answered %d %s", contentType, status, body)
		}
		viewer := g.As(&auth.Principal{Name: "viewer", Kind: auth.Key, Scopes: auth.Viewer.Scopes()})
		for _, name := range []string{"theirs", "nobodys"} {
			if status, body := send(viewer, name, contentType); status != http.StatusForbidden || !strings.Contains(body, `{"problem":{"code":"FORBIDDEN"`) {
				t.Errorf("%s: a viewer who sends to %s is answered %d %s, want 403", contentType, name, status, body)
			}
		}
		if status, body := send(g.As(&auth.Principal{}), "theirs", contentType); status != http.StatusUnauthorized || !strings.Contains(body, `"UNAUTHENTICATED"`) {
			t.Errorf("%s: nobody is answered %d %s, want 401", contentType, status, body)
		}
	}
}
