package resolvers_test

import (
	"encoding/json"
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
