package resolvers_test

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"barograph/graph"
	"barograph/internal/gatewaytest"
	"barograph/resolvers"
)

type problems []struct {
	Code, Message string
	Field         []string
}

func TestAPipelineIsWhatItsDefinitionSays(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	const definition = `{"steps": [{"kind": "enrich", "as": "weather"}, {"kind": "transform", "expression": "{'id': payload.id, 'warm': value.weather.temperature > -90.0, 'big': payload.big}"}],
		"city": "payload.from", "inputSchema": {"required": ["from"]}, "limit": 1}`
	var made struct {
		CreatePipeline struct {
			Pipeline *struct {
				Version    int
				Definition json.RawMessage
			}
			Problems problems
		}
	}
	create := `mutation ($definition: JSON!) { createPipeline(input: { name: "orders", definition: $definition }) { pipeline { version definition } problems { code message field } } }`
	g.Data(t, create, gatewaytest.Variables{"definition": json.RawMessage(definition)}, &made)
	if p := made.CreatePipeline.Problems; len(p) != 1 || p[0].Code != "DEFINITION_INVALID" || strings.Join(p[0].Field, ".") != "input.definition.limit" {
		t.Fatalf("problems = %+v", p)
	}
	right := strings.Replace(definition, `, "limit": 1`, "", 1)
	g.Data(t, create, gatewaytest.Variables{"definition": json.RawMessage(right)}, &made)
	if p := made.CreatePipeline; len(p.Problems) != 0 || p.Pipeline.Version != 1 || !strings.Contains(string(p.Pipeline.Definition), `"inputSchema"`) {
		t.Fatalf("createPipeline = %+v", p)
	}

	send := func(payload string) processed {
		var got struct{ ProcessPayload processed }
		g.Data(t, processMutation, gatewaytest.Variables{"pipeline": "orders", "payload": json.RawMessage(payload)}, &got)
		return got.ProcessPayload
	}
	got := send(`{"id":"a","from":"Bombay","big":9007199254740993}`)
	if got.Record == nil || string(got.Record.Result) != `{"big":9007199254740993,"id":"a","warm":true}` || got.Record.City.Name != "Mumbai" {
		t.Errorf("processPayload = %+v", got)
	}
	if got := send(`{"id":"b"}`); got.Record != nil || got.Problems[0].Code != "PAYLOAD_INVALID" {
		t.Errorf("processPayload without a member = %+v", got)
	}

	var changed struct {
		UpdatePipeline struct {
			Pipeline *struct{ Version int }
			Problems problems
		}
	}
	update := `mutation ($expected: Int, $definition: JSON) { updatePipeline(input: { name: "orders", expectedVersion: $expected, definition: $definition }) { pipeline { version } problems { code field } } }`
	g.Data(t, update, gatewaytest.Variables{"expected": 1, "definition": json.RawMessage(`{}`)}, &changed)
	if p := changed.UpdatePipeline; p.Pipeline == nil || p.Pipeline.Version != 2 {
		t.Errorf("updatePipeline = %+v", p)
	}
	g.Data(t, update, gatewaytest.Variables{"expected": 1, "definition": json.RawMessage(`{"city":"''"}`)}, &changed)
	if p := changed.UpdatePipeline; p.Pipeline != nil || p.Problems[0].Code != "PIPELINE_VERSION_CONFLICT" {
		t.Errorf("updatePipeline of another version = %+v", p)
	}
	if got := send(`{"id":"c"}`); got.Record == nil || got.Record.PipelineVersion != 2 || !strings.Contains(string(got.Record.Result), `"processed"`) {
		t.Errorf("processPayload by version 2 = %+v", got)
	}
}

func TestTestPipelineShowsEachStepAndStoresNothing(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var got struct {
		TestPipeline struct {
			City        *struct{ Name string }
			OrderingKey *string
			Attributes  json.RawMessage
			Steps       []struct {
				Kind           string
				Value, Request json.RawMessage
				Skipped        bool
				Failure        *string
				ElapsedMs      float64
			}
			Result   json.RawMessage
			Skipped  bool
			Failure  *string
			Problems problems
		}
	}
	const test = `mutation ($input: TestPipelineInput!) { testPipeline(input: $input) {
		city { name } orderingKey attributes steps { kind value request skipped failure elapsedMs } result skipped failure problems { code message field } } }`
	ask := func(input string) {
		t.Helper()
		got.TestPipeline.City, got.TestPipeline.Failure = nil, nil
		g.Data(t, test, gatewaytest.Variables{"input": json.RawMessage(input)}, &got)
	}
	ask(`{"definition": {"orderingKey": "payload.id", "attributes": {"n": {"expression": "payload.n", "type": "NUMBER"}}, "steps": [
		{"kind": "filter", "expression": "payload.n > 1"}, {"kind": "http", "url": "http://127.0.0.1/", "as": "r"}, {"kind": "transform", "expression": "merge(value, {'n': value.n + value.r})"}
	]}, "payload": {"id": "a", "city": "Bombay", "n": 2}, "answers": {"r": 40}}`)
	p := got.TestPipeline
	if p.City == nil || p.City.Name != "Mumbai" || *p.OrderingKey != "a" || string(p.Attributes) != `{"n":2}` || len(p.Steps) != 3 || !strings.Contains(string(p.Result), `"n":42`) || len(p.Problems) != 0 {
		t.Errorf("testPipeline = %+v", p)
	}
	if !strings.Contains(string(p.Steps[1].Request), `"method":"POST"`) || string(p.Steps[0].Request) != "null" {
		t.Errorf("the steps are %+v", p.Steps)
	}
	for input, want := range map[string]string{
		`{"payload": {"id": "a"}}`: "DEFINITION_INVALID", `{"name": "default", "definition": {}, "payload": {"id": "a"}}`: "DEFINITION_INVALID",
		`{"name": "nobody", "payload": {"id": "a"}}`: "PIPELINE_NOT_FOUND", `{"name": "default", "payload": {}}`: "PAYLOAD_ID_MISSING",
		`{"definition": {"city": "1"}, "payload": {"id": "a"}}`: "DEFINITION_INVALID", `{"definition": {"inputSchema": false}, "payload": {"id": "a"}}`: "PAYLOAD_INVALID",
	} {
		ask(input)
		if p := got.TestPipeline; len(p.Problems) == 0 || p.Problems[0].Code != want || len(p.Steps) != 0 {
			t.Errorf("testPipeline(%s) = %+v, want %s", input, p, want)
		}
	}
	var stored struct {
		Records struct{ TotalCount int }
	}
	g.Data(t, `{ records { totalCount } }`, nil, &stored)
	if stored.Records.TotalCount != 0 {
		t.Errorf("%d records are stored", stored.Records.TotalCount)
	}
}

// A wake counts.
type wake struct{ atomic.Int64 }

func (w *wake) Wake() { w.Add(1) }

func TestOnlyDefinitionsThatChangeHaveIndexesLookedAfter(t *testing.T) {
	t.Parallel()
	var woken wake
	g := gatewaytest.NewWithoutWorkers(t, func(c *graph.Config) { c.Resolvers.(*resolvers.Root).Indexer = &woken })
	for _, c := range []struct {
		mutation string
		want     int64
	}{
		{`createPipeline(input: {name: "orders"}) { problems { code } }`, 1},
		{`createPipeline(input: {name: "orders"}) { problems { code } }`, 1}, // there is one
		{`updatePipeline(input: {name: "nobodys"}) { problems { code } }`, 1},
		{`updatePipeline(input: {name: "orders", definition: {steps: 7}}) { problems { code } }`, 1},
		{`updatePipeline(input: {name: "orders", definition: {steps: []}}) { problems { code } }`, 2},
	} {
		g.Data(t, "mutation { "+c.mutation+" }", nil, &struct{}{})
		if got := woken.Load(); got != c.want {
			t.Errorf("after %s, the indexer was woken %d times, want %d", c.mutation, got, c.want)
		}
	}
}
