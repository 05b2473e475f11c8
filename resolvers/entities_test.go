package resolvers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"barograph/graph"
	"barograph/internal/gatewaytest"
)

func subgraph(t *testing.T) *gatewaytest.Gateway {
	t.Helper()
	return gatewaytest.New(t, func(c *graph.Config) { c.Federation = true })
}

const entities = `query ($of: [_Any!]!) {
	_entities(representations: $of) {
		__typename
		... on City { id name weather { current { temperature } } }
		... on Pipeline { name active }
		... on Record { payloadId state city { name } }
	}
}`

type representation map[string]any

func TestEntitiesAreFetchedTogether(t *testing.T) {
	t.Parallel()
	g := subgraph(t)
	var found struct{ SearchCities []struct{ ID string } }
	g.Data(t, `{ searchCities(query: "s", first: 100) { id } }`, nil, &found)
	var cities, records []representation
	for i, c := range found.SearchCities {
		cities = append(cities, representation{"__typename": "City", "id": c.ID})
		process(t, g, map[string]any{"id": fmt.Sprint(i)})
		records = append(records, representation{"__typename": "Record", "id": fmt.Sprint("Record:default:", i)})
	}
	var got struct {
		Entities []struct {
			ID, PayloadID, State string
			Weather              *struct{}
		} `json:"_entities"`
	}
	g.Data(t, entities, gatewaytest.Variables{"of": cities}, &got)
	for i, e := range got.Entities {
		if e.ID != found.SearchCities[i].ID || e.Weather == nil {
			t.Errorf("entity %d is %+v, want %s with its weather", i, e, found.SearchCities[i].ID)
		}
	}
	if calls := g.Upstream.Calls(); len(calls) != 1 || len(got.Entities) != 100 {
		t.Errorf("the weather of %d cities took %d calls, want 1 for 100", len(got.Entities), len(calls))
	}
	before := strings.Count(g.Logs.String(), `"find records succeeded"`)
	g.Data(t, entities, gatewaytest.Variables{"of": records}, &got)
	for i, e := range got.Entities {
		if e.PayloadID != fmt.Sprint(i) || e.State != "PROCESSED" {
			t.Errorf("entity %d is %+v", i, e)
		}
	}
	if n := strings.Count(g.Logs.String(), `"find records succeeded"`) - before; n != 1 {
		t.Errorf("%d records took %d queries, want 1", len(records), n)
	}
}

func TestEachEntityThatCannotBeIsNullWithAnErrorAtItsPath(t *testing.T) {
	t.Parallel()
	g := subgraph(t)
	process(t, g, map[string]any{"id": "a", "city": "Lima"})
	cases := []struct {
		of   any
		code string // of the error, "" for none
		want string // in the entity
	}{
		{representation{"__typename": "Record", "id": "Record:default:a"}, "", `"name":"Lima"`},
		{representation{"__typename": "Pipeline", "name": "default"}, "", `"name":"default"`},
		{representation{"__typename": "Pipeline", "id": "Pipeline:default"}, "", `"active":true`},
		{representation{"__typename": "Record", "id": "Record:default:nobody"}, "NOT_FOUND", ""},
		{representation{"__typename": "City", "id": "City:1"}, "NOT_FOUND", ""},
		{representation{"__typename": "City", "id": "City:0"}, "BAD_USER_INPUT", ""},
		{representation{"__typename": "Pipeline", "name": "nobody"}, "NOT_FOUND", ""},
		{representation{"__typename": "Pipeline", "name": "\x00"}, "BAD_USER_INPUT", ""},
		{representation{"__typename": "Pipeline", "id": nil, "name": "default"}, "BAD_USER_INPUT", ""},
		{representation{"__typename": "City", "id": "Record:default:a"}, "BAD_USER_INPUT", ""},
		{representation{"__typename": "City", "id": 7}, "BAD_USER_INPUT", ""},
		{representation{"__typename": "City"}, "BAD_USER_INPUT", ""},
		{representation{"__typename": "Weather", "id": "Weather:1,1:METRIC"}, "BAD_USER_INPUT", ""},
		{representation{"__typename": "__Schema"}, "BAD_USER_INPUT", ""},
		{representation{"__typename": []any{"City"}}, "BAD_USER_INPUT", ""},
		{representation{"__typename": strings.Repeat("x", 1<<16)}, "BAD_USER_INPUT", ""},
		{representation{}, "BAD_USER_INPUT", ""},
		{"City", "BAD_USER_INPUT", ""},
		{42, "BAD_USER_INPUT", ""},
		{[]any{}, "BAD_USER_INPUT", ""},
		{true, "BAD_USER_INPUT", ""},
	}
	of := make([]any, len(cases))
	for i, c := range cases {
		of[i] = c.of
	}
	answer := g.Ask(t, entities, gatewaytest.Variables{"of": of})
	var data struct {
		Entities []json.RawMessage `json:"_entities"`
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil || len(data.Entities) != len(cases) {
		t.Fatalf("data = %s, %v", answer.Data, err)
	}
	codes := map[string]string{}
	for _, e := range answer.Errors {
		codes[e.Where()] = e.Extensions.Code
		if len(e.Message) > 400 {
			t.Errorf("an error of %d characters", len(e.Message))
		}
	}
	for i, c := range cases {
		entity := string(data.Entities[i])
		if code := codes[fmt.Sprint("_entities.", i)]; code != c.code || (c.code != "") != (entity == "null") || !strings.Contains(entity, c.want) {
			t.Errorf("%.80v is %s with the error %q, want %s with %q", c.of, entity, code, c.want, c.code)
		}
	}
	if strings.Contains(g.Logs.String(), `"level":"ERROR"`) {
		t.Error("an error of ours was logged")
	}
}

func TestEntitiesBeyondTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	g := subgraph(t)
	of := make([]any, 1001)
	for i := range of {
		of[i] = representation{"__typename": "City", "id": "City:0"}
	}
	if e := g.Error(t, entities, gatewaytest.Variables{"of": of}); e.Extensions.Code != "LIMIT_EXCEEDED" || e.Where() != "_entities" {
		t.Errorf("1001 representations: %+v, want LIMIT_EXCEEDED", e)
	}
	var none struct {
		Entities []any `json:"_entities"`
	}
	g.Data(t, entities, gatewaytest.Variables{"of": []any{}}, &none)
	if none.Entities == nil || len(none.Entities) != 0 {
		t.Errorf("no representations are %v, want none", none.Entities)
	}
	if e := g.Error(t, entities, gatewaytest.Variables{"of": []any{nil}}); e.Extensions.Code != "BAD_USER_INPUT" && e.Extensions.Code != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("a null representation: %+v", e)
	}
}

func TestAGatewayThatIsNoSubgraphShowsNothingOfFederation(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, query := range []string{
		`{ _service { sdl } }`, `{ _entities(representations: []) { __typename } }`, `{ ... on _Entity { __typename } }`,
	} {
		if e := g.Error(t, query, nil); e.Extensions.Code != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: %+v, want that there is no such thing", query, e)
		}
	}
	var seen struct {
		Schema struct {
			Types      []struct{ Name string }
			Directives []struct{ Name string }
			QueryType  struct{ Fields []struct{ Name string } }
		} `json:"__schema"`
		Any *struct{} `json:"any"`
	}
	g.Data(t, `{ any: __type(name: "_Any") { name } __schema { types { name } directives { name } queryType { fields { name } } } }`, nil, &seen)
	if seen.Any != nil {
		t.Error("introspection finds _Any")
	}
	for _, typ := range seen.Schema.Types {
		if strings.HasPrefix(typ.Name, "_") && !strings.HasPrefix(typ.Name, "__") {
			t.Errorf("introspection shows %s", typ.Name)
		}
	}
	for _, field := range seen.Schema.QueryType.Fields {
		if strings.HasPrefix(field.Name, "_") {
			t.Errorf("introspection shows Query.%s", field.Name)
		}
	}
	for _, directive := range seen.Schema.Directives {
		if directive.Name == "key" || directive.Name == "shareable" || directive.Name == "link" {
			t.Errorf("introspection shows @%s", directive.Name)
		}
	}
}

func TestASubgraphSaysWhatItIsComposedFrom(t *testing.T) {
	t.Parallel()
	var service struct {
		Service struct{ SDL string } `json:"_service"`
	}
	subgraph(t).Data(t, `{ _service { sdl } }`, nil, &service)
	for _, want := range []string{"type City implements Node", `extend type City @key(fields: "id")`, "https://specs.apollo.dev/federation/v2"} {
		if !strings.Contains(service.Service.SDL, want) {
			t.Errorf("the SDL has no %q", want)
		}
	}
	if strings.Contains(service.Service.SDL, "_entities") {
		t.Error("the SDL has the surface itself")
	}
}
