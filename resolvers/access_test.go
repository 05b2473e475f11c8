package resolvers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"barograph/auth"
	"barograph/internal/gatewaytest"
)

func TestWhatACallerMayNotHaveIsNullAndNotLookedFor(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	g.Data(t, `mutation($p: JSON!) { processPayload(input: {payload: $p}) { duplicate } }`,
		gatewaytest.Variables{"p": map[string]any{"id": "one", "city": "Mumbai"}}, &struct{}{})
	reader := g.As(&auth.Principal{Name: "reader", Kind: auth.Key, Scopes: auth.RecordsRead})
	for query, want := range map[string]struct{ where, data string }{
		`{ weather(city: "Mumbai") { id } }`: {"weather", `{"weather":null}`},
		`{ records { nodes { payloadId city { name w: weather { id } } } } }`: {
			"records.nodes.0.city.w", `{"records":{"nodes":[{"payloadId":"one","city":{"name":"Mumbai","w":null}}]}}`,
		},
		`query { node(id: "City:1275339") { ...City } } fragment City on City { weather { units } name }`: {
			"node.weather", `{"node":{"weather":null,"name":"Mumbai"}}`,
		},
		`{ node(id: "Weather:City:1275339:METRIC") { id } }`:                              {"node", `{"node":null}`},
		`mutation { processPayload(input: {payload: {id: "two"}}) { duplicate } }`:        {"processPayload", `{"processPayload":null}`},
		`{ a: city(name: "Mumbai") { name } b: city(name: "Mumbai") { weather { id } } }`: {"b.weather", `{"a":{"name":"Mumbai"},"b":{"weather":null}}`},
	} {
		got := reader.Ask(t, query, nil)
		if len(got.Errors) != 1 || got.Errors[0].Where() != want.where || got.Errors[0].Extensions.Code != "FORBIDDEN" {
			t.Errorf("%s: errors %+v, want FORBIDDEN at %s", query, got.Errors, want.where)
		}
		if string(got.Data) != want.data {
			t.Errorf("%s: data %s, want %s", query, got.Data, want.data)
		}
	}
	if calls := len(g.Upstream.Calls()); calls != 0 {
		t.Errorf("%d upstream calls for weather that nobody may see", calls)
	}
	var stored struct{ Record json.RawMessage }
	g.Data(t, `{ record(payloadId: "two") { id } }`, nil, &stored)
	if string(stored.Record) != "null" {
		t.Errorf("the payload of one who may send none was taken in: %s", stored.Record)
	}
}

func TestProducersGetTheirRecordsBackWithoutTheContentThatStands(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	g.Data(t, `mutation($p: JSON!) { processPayload(input: {payload: $p}) { duplicate } }`,
		gatewaytest.Variables{"p": map[string]any{"id": "one", "secret": "of another"}}, &struct{}{})
	producer := g.As(&auth.Principal{Name: "producer", Kind: auth.Key, Scopes: auth.Producer.Scopes()})
	got := producer.Ask(t, `mutation { processPayload(input: {payload: {id: "one"}}) { record { state payload } problems { code } } }`, nil)
	want := `{"processPayload":{"record":{"state":"PROCESSED","payload":null},"problems":[{"code":"PAYLOAD_CONFLICT"}]}}`
	if string(got.Data) != want || len(got.Errors) != 1 || got.Errors[0].Where() != "processPayload.record.payload" {
		t.Errorf("a conflict answers %s %+v, want %s and FORBIDDEN at the payload", got.Data, got.Errors, want)
	}
	for _, query := range []string{`{ record(payloadId: "one") { id } }`, `{ node(id: "Record:default:one") { id } }`, `{ records { totalCount } }`} {
		if got := producer.Error(t, query, nil); got.Extensions.Code != "FORBIDDEN" {
			t.Errorf("%s: %+v, want FORBIDDEN", query, got)
		}
	}
}

func TestNobodyGetsAnything(t *testing.T) {
	t.Parallel()
	nobody := gatewaytest.New(t).As(&auth.Principal{})
	for _, query := range []string{`{ city(name: "Mumbai") { id } }`, `{ node(id: "City:1275339") { id } }`, `{ pipelines { totalCount } }`, `mutation { createPipeline(input: {name: "x"}) { problems { code } } }`} {
		if got := nobody.Error(t, query, nil); got.Extensions.Code != "UNAUTHENTICATED" {
			t.Errorf("%s: %+v, want UNAUTHENTICATED", query, got)
		}
	}
}

// Whoever may replay records sees none: not by counting those that have something
// in them, either.
func TestReplayingByWhatRecordsHoldTakesReadingThem(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t)
	replayer := g.As(&auth.Principal{Name: "replayer", Kind: auth.Key, Scopes: auth.RecordsReplay})
	reader := g.As(&auth.Principal{Name: "reader", Kind: auth.Key, Scopes: auth.RecordsReplay | auth.RecordsRead})
	for filter, want := range map[string]string{
		`city: "Mumbai"`:                                   "FORBIDDEN",
		`attributes: [{name: "total", eq: 7}]`:             "FORBIDDEN",
		`states: [DEAD], attributes: [{name: "a", eq: 7}]`: "FORBIDDEN",
		`attributes: []`:                                   "",
		`states: [DEAD]`:                                   "",
		`receivedSince: "2020-01-01T00:00:00Z"`:            "",
	} {
		query := `mutation { replayRecords(input: {filter: {pipeline: "default", ` + filter + `}}) { matched } }`
		if got := replayer.Ask(t, query, nil); refusedBy(got) != want {
			t.Errorf("%s: who may only replay is answered %s %+v, want %q", filter, got.Data, got.Errors, want)
		}
		if got := reader.Ask(t, query, nil); len(got.Errors) > 0 {
			t.Errorf("%s: who may read, too, is answered %+v", filter, got.Errors)
		}
	}
}

func TestTryingAPipelineThatAddsTheWeatherTakesReadingIt(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t)
	definer := g.As(&auth.Principal{Name: "definer", Kind: auth.Key, Scopes: auth.PipelinesWrite})
	forecaster := g.As(&auth.Principal{Name: "forecaster", Kind: auth.Key, Scopes: auth.PipelinesWrite | auth.WeatherRead})
	definer.Data(t, `mutation { createPipeline(input: {name: "rainy", definition: {steps: [{kind: "enrich", as: "weather"}]}}) { problems { code } } }`, nil, &struct{}{})
	for what, want := range map[string]string{
		`name: "rainy"`: "FORBIDDEN",
		`definition: {steps: [{kind: "filter", expression: "true"}, {kind: "enrich", as: "w"}]}`: "FORBIDDEN",
		`definition: {steps: [{kind: "filter", expression: "true"}]}`:                            "",
	} {
		query := `mutation { testPipeline(input: {` + what + `, payload: {id: "a", city: "Mumbai"}}) { result failure problems { code } } }`
		if got := definer.Ask(t, query, nil); refusedBy(got) != want {
			t.Errorf("%s: who may see no weather is answered %s %+v, want %q", what, got.Data, got.Errors, want)
		}
	}
	if calls := len(g.Upstream.Calls()); calls != 0 {
		t.Errorf("%d upstream calls for who may see no weather", calls)
	}
	if got := forecaster.Ask(t, `mutation { testPipeline(input: {name: "rainy", payload: {id: "a", city: "Mumbai"}}) { result failure problems { code } } }`, nil); len(got.Errors) > 0 || !strings.Contains(string(got.Data), "temperature") {
		t.Errorf("who may see the weather is answered %s %+v", got.Data, got.Errors)
	}
}

// refusedBy returns the code of an answer's only error, "" where there is none.
func refusedBy(a gatewaytest.Answer) string {
	if len(a.Errors) == 0 {
		return ""
	}
	if len(a.Errors) > 1 {
		return "several"
	}
	return a.Errors[0].Extensions.Code
}
