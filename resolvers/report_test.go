package resolvers_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"barograph/internal/gatewaytest"
	"barograph/loaders"
)

// told asks with a header and returns what loading took, nil if that is not said.
func told(t *testing.T, g *gatewaytest.Gateway, value, query string, variables gatewaytest.Variables) map[string]loaders.Report {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Barograph-Upstream", value)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	var answer struct {
		Errors     []any
		Extensions struct{ Upstream map[string]loaders.Report }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || len(answer.Errors) > 0 {
		t.Fatalf("%v %v", err, answer.Errors)
	}
	return answer.Extensions.Upstream
}

func TestTheUpstreamReportIsExact(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	ids := gatewaytest.Variables{"ids": hundred(t, g)}
	const query = `query ($ids: [String!]!) { cities(names: $ids) { weather { current { temperature } } } }`
	for _, c := range []struct {
		name, query string
		want        loaders.Report
	}{
		{"cold", query, loaders.Report{Keys: 100, Batches: 1, Calls: 1}},
		{"warm", query, loaders.Report{Keys: 100, Batches: 1, CacheHits: 100}},
		{"each twice", `query ($ids: [String!]!) { a: cities(names: $ids) { weather { id } } b: cities(names: $ids) { weather { id } } }`, loaders.Report{Keys: 100, Batches: 1, CacheHits: 100}},
		{"another need", `query ($ids: [String!]!) { cities(names: $ids) { weather { hourly { time } } } }`, loaders.Report{Keys: 100, Batches: 1, Calls: 1}},
		{"the air beside what is there", `query ($ids: [String!]!) { cities(names: $ids) { weather { current { temperature } airQuality { usAqi } } } }`, loaders.Report{Keys: 100, Batches: 1, Calls: 1}},
		{"both parts of what is there", `query ($ids: [String!]!) { cities(names: $ids) { weather { current { temperature } airQuality { usAqi } } } }`, loaders.Report{Keys: 100, Batches: 1, CacheHits: 100}},
		{"refreshed too soon", `mutation ($ids: [String!]!) { refreshWeather(input: {cities: $ids}) { weather { id } } }`, loaders.Report{Keys: 100, Batches: 1, CacheHits: 100}},
		{"no weather", `query ($ids: [String!]!) { cities(names: $ids) { name } }`, loaders.Report{}},
	} {
		before := len(g.Upstream.Calls())
		got := told(t, g, "1", c.query, ids)["weather"]
		if waited := got.WaitMs > 0; waited != (c.want.Batches > 0) {
			t.Errorf("%s: waited %v ms", c.name, got.WaitMs)
		}
		got.WaitMs = 0
		if calls := len(g.Upstream.Calls()) - before; got != c.want || int64(calls) != got.Calls {
			t.Errorf("%s: %+v, want %+v; the upstream had %d calls", c.name, got, c.want, calls)
		}
	}
}

func TestTheUpstreamReportTellsOfARefresh(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	got := told(t, g, "1", `mutation { refreshWeather(input: {cities: ["Mumbai", "Bombay", "Lima"]}) { weather { city { weather { id } } } } }`, nil)["weather"]
	if got.WaitMs = 0; got != (loaders.Report{Keys: 4, Batches: got.Batches, Calls: 1, CacheHits: 2}) {
		t.Errorf("%+v, want a call for two cities, and then both from the cache", got)
	}
}

func TestTheUpstreamReportHasEveryLoaderOfMutationsToo(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	made := told(t, g, "1", `mutation ($payload: JSON!) { processPayload(input: { payload: $payload }) { record { city { weather { id } } } } }`,
		gatewaytest.Variables{"payload": map[string]any{"id": "rome", "city": "Rome, IT"}})
	if made["weather"].Keys != 1 || made["weather"].Calls != 1 {
		t.Errorf("a mutation: %+v, want one key in one call", made)
	}
	g.Advance(24 * time.Hour)
	got := told(t, g, "1", `{ record(payloadId: "rome") { pipeline { name } city { weather { id } } } }`, nil)
	for _, name := range []string{"weather", "pipelines", "records"} {
		if got[name].Keys != 1 || got[name].Calls != 1 || got[name].Batches != 1 {
			t.Errorf("%s: %+v, want one key in one call", name, got[name])
		}
	}
}

func TestNobodyIsToldWhatLoadingTookUnasked(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, value := range []string{"", "0", "yes"} {
		if got := told(t, g, value, `{ weather(city: "Oslo") { id } }`, nil); got != nil {
			t.Errorf("X-Barograph-Upstream: %s: %+v, want nothing", value, got)
		}
	}
}
