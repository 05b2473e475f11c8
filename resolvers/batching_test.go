package resolvers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"barograph/internal/gatewaytest"
)

// hundred returns the ids of a hundred cities.
func hundred(t *testing.T, g *gatewaytest.Gateway) []string {
	t.Helper()
	var got struct{ SearchCities []struct{ ID string } }
	g.Data(t, `{ searchCities(query: "b", first: 100) { id } }`, nil, &got)
	ids := make([]string, len(got.SearchCities))
	for i, city := range got.SearchCities {
		ids[i] = city.ID
	}
	if len(ids) != 100 {
		t.Fatalf("%d cities begin with a b, want at least 100", len(ids))
	}
	return ids
}

// aliases returns a selection of so many fields, each from its template.
func aliases(ids []string, template string) string {
	var b strings.Builder
	for i, id := range ids {
		_, _ = fmt.Fprintf(&b, "a%d: "+template+"\n", i, id)
	}
	return b.String()
}

func TestAHundredCitiesCostOneCall(t *testing.T) {
	t.Parallel()
	const weather = `weather { current { temperature } }`
	for name, query := range map[string]func(ids []string) string{
		"as a list": func([]string) string { return `query ($ids: [String!]!) { cities(names: $ids) { ` + weather + ` } }` },
		"as aliases": func(ids []string) string {
			return "{" + aliases(ids, `weather(city: %q) { current { temperature } }`) + "}"
		},
		"as city aliases": func(ids []string) string { return "{" + aliases(ids, `city(name: %q) { `+weather+` }`) + "}" },
		"as two lists": func(ids []string) string {
			one, _ := json.Marshal(ids[:50])
			other, _ := json.Marshal(ids[50:])
			return fmt.Sprintf(`{ a: cities(names: %s) { %s } b: cities(names: %s) { %s } }`, one, weather, other, weather)
		},
		"as a search": func([]string) string { return `{ searchCities(query: "b", first: 100) { ` + weather + ` } }` },
		"behind a fragment": func([]string) string {
			return `query ($ids: [String!]!) { ...F } fragment F on Query { cities(names: $ids) { ...G } } fragment G on City { ` + weather + ` }`
		},
		"as nodes": func(ids []string) string {
			return `{ nodes(ids: ["Weather:` + strings.Join(ids, `:METRIC", "Weather:`) + `:METRIC"]) { ... on Weather { current { temperature } } } }`
		},
		"beside one unknown": func(ids []string) string {
			one, _ := json.Marshal(ids)
			return fmt.Sprintf(`{ a: cities(names: %s) { %s } b: city(name: %q) { %s } }`, one, weather, ids[0], weather)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.New(t)
			ids := hundred(t, g)
			variables := gatewaytest.Variables{}
			if q := query(ids); strings.Contains(q, "$ids") {
				variables["ids"] = ids
			}
			var got map[string]json.RawMessage
			g.Data(t, query(ids), variables, &got)
			if temperatures := strings.Count(fmt.Sprintf("%s", got), `"temperature":`); temperatures < 100 {
				t.Errorf("%d temperatures, want 100", temperatures)
			}
			if calls := g.Upstream.Calls(); len(calls) != 1 || len(calls[0].Latitudes) != 100 {
				t.Errorf("%d calls, the first for %d places; want one for 100", len(calls), len(calls[0].Latitudes))
			}
		})
	}
}

func TestAHundredCitiesUnderRecordsCostOneCall(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for i, id := range hundred(t, g) {
		process(t, g, map[string]any{"id": fmt.Sprint("r", i), "city": id})
	}
	for _, page := range []string{`nodes { city { name weather { current { temperature } } } }`, `edges { node { city { weather { daily { date } } } } }`} {
		before := len(g.Upstream.Calls())
		var got struct{ Records json.RawMessage }
		g.Data(t, `{ records(first: 100) { `+page+` } }`, nil, &got)
		if calls := g.Upstream.Calls()[before:]; len(calls) != 1 || len(calls[0].Latitudes) != 100 {
			t.Errorf("records { %s } made %d calls, want one for 100 places", page, len(calls))
		}
	}
}

func TestEveryWayToWeatherSharesACall(t *testing.T) {
	t.Parallel()
	const weather = `weather { current { temperature } }`
	for name, query := range map[string]string{
		"a node beside a list":          `{ a: cities(names: ["Madrid"]) { ` + weather + ` } b: node(id: "Record:default:rome") { ... on Record { city { ` + weather + ` } } } }`,
		"two pages under one pipeline":  `{ pipeline(name: "default") { a: records(filter: { city: "Rome" }) { nodes { city { ` + weather + ` } } } b: records(filter: { city: "Berlin" }) { nodes { city { ` + weather + ` } } } } }`,
		"a node beside a record":        `{ a: node(id: "Record:default:rome") { ... on Record { city { ` + weather + ` } } } b: record(payloadId: "berlin") { city { ` + weather + ` } } }`,
		"a report's node beside a city": `{ a: node(id: "Weather:0,0:METRIC") { ... on Weather { id current { time } } } b: city(name: "Berlin") { ` + weather + ` } }`,
		"records beside a list":         `{ a: cities(names: ["Madrid"]) { ` + weather + ` } b: records { nodes { city { ` + weather + ` } } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.New(t)
			process(t, g, map[string]any{"id": "rome", "city": "Rome, IT"})
			process(t, g, map[string]any{"id": "berlin", "city": "Berlin"})
			var got map[string]json.RawMessage
			g.Data(t, query, nil, &got)
			if calls := g.Upstream.Calls(); len(calls) != 1 {
				t.Errorf("%d calls, want one; got %s", len(calls), got)
			}
		})
	}
}

func TestDifferentNeedsShareACall(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var got struct{ A, B, C json.RawMessage }
	g.Data(t, `{
		a: weather(city: "Oslo") { current { temperature } }
		b: weather(city: "Oslo") { hourly(hours: 48) { time } }
		c: weather(city: "Lima") { daily { date } }
	}`, nil, &got)
	calls := g.Upstream.Calls()
	if len(calls) != 1 || len(calls[0].Latitudes) != 2 || calls[0].Form["forecast_hours"][0] != "49" || calls[0].Form["forecast_days"][0] != "7" {
		t.Errorf("calls = %+v, want one for two places, 48 hours and 7 days", calls)
	}
}

func TestOnlyWhatIsAskedIsFetched(t *testing.T) {
	t.Parallel()
	const query = `query ($deep: Boolean!) { weather(city: "Oslo") { current { temperature } hourly @include(if: $deep) { time }
		... @skip(if: true) { week: daily { date } } ...F @include(if: $deep) } } fragment F on Weather { daily(days: 2) { date } }`
	for deep, want := range map[bool][2]string{false: {"", ""}, true: {"25", "2"}} {
		g := gatewaytest.New(t)
		var got struct{ Weather json.RawMessage }
		g.Data(t, query, gatewaytest.Variables{"deep": deep}, &got)
		calls := g.Upstream.Calls()
		if len(calls) != 1 {
			t.Fatalf("%d calls, want 1", len(calls))
		}
		asked := calls[0].Form
		if hours, days := asked["forecast_hours"], asked["forecast_days"]; strings.Join(hours, "") != want[0] || strings.Join(days, "") != want[1] {
			t.Errorf("deep: %t: %s hours and %s days are asked for, want %v", deep, hours, days, want)
		}
	}
}

func TestOneUnknownCitySpoilsOnlyItself(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	answer := g.Ask(t, `{ cities(names: ["Oslo", "Nowhereville", "Lima"]) { name weather { current { temperature } } } }`, nil)
	var got struct {
		Cities []*struct {
			Name    string
			Weather struct {
				Current struct{ Temperature *float64 }
			}
		}
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		t.Fatal(err)
	}
	if len(answer.Errors) != 1 || answer.Errors[0].Where() != "cities.1" || answer.Errors[0].Extensions.Code != "NOT_FOUND" {
		t.Errorf("errors = %+v, want NOT_FOUND at cities.1", answer.Errors)
	}
	c := got.Cities
	if len(c) != 3 || c[1] != nil || c[0].Name != "Oslo" || c[2].Name != "Lima" || c[0].Weather.Current.Temperature == nil || c[2].Weather.Current.Temperature == nil {
		t.Errorf("cities = %s, want Oslo, null and Lima", answer.Data)
	}
}

func TestOneRefusedPlaceSpoilsOnlyItself(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	ids := hundred(t, g)
	var bad struct {
		City struct{ Latitude json.Number }
	}
	g.Data(t, `query ($id: String!) { city(name: $id) { latitude } }`, gatewaytest.Variables{"id": ids[37]}, &bad)
	g.Upstream.Fail(func(c gatewaytest.Call) gatewaytest.Failure {
		if slices.Contains(c.Latitudes, bad.City.Latitude.String()) {
			return gatewaytest.Failure{Status: http.StatusBadRequest, Body: `{"error":true,"reason":"secret reason"}`}
		}
		return gatewaytest.Failure{}
	})
	answer := g.Ask(t, `query ($ids: [String!]!) { cities(names: $ids) { weather { current { temperature } } } }`, gatewaytest.Variables{"ids": ids})
	if len(answer.Errors) != 1 || answer.Errors[0].Where() != "cities.37.weather" || answer.Errors[0].Extensions.Code != "UPSTREAM_INVALID" {
		t.Errorf("errors = %+v, want UPSTREAM_INVALID at cities.37.weather", answer.Errors)
	}
	if strings.Contains(answer.Errors[0].Message, "secret") {
		t.Errorf("the upstream's words reached the client: %s", answer.Errors[0].Message)
	}
	if got := strings.Count(string(answer.Data), `"temperature":`); got != 99 {
		t.Errorf("%d temperatures, want 99", got)
	}
}

func TestAFailingUpstreamFailsItsFieldsAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failure gatewaytest.Failure
		code    string
	}{
		"unavailable":  {gatewaytest.Failure{Status: http.StatusServiceUnavailable, Body: "secret"}, "UPSTREAM_UNAVAILABLE"},
		"rate limited": {gatewaytest.Failure{Status: http.StatusTooManyRequests, Body: "secret"}, "UPSTREAM_RATE_LIMITED"},
		"nonsense":     {gatewaytest.Failure{Status: http.StatusOK, Body: "<html>secret"}, "UPSTREAM_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.New(t)
			g.Upstream.Fail(func(gatewaytest.Call) gatewaytest.Failure { return c.failure })
			answer := g.Ask(t, `{ cities(names: ["Oslo", "Lima"]) { name weather { id } } }`, nil)
			if len(answer.Errors) != 2 {
				t.Fatalf("errors = %+v, want two", answer.Errors)
			}
			for _, e := range answer.Errors {
				if e.Extensions.Code != c.code || strings.Contains(e.Message, "secret") {
					t.Errorf("error = %+v, want %s without the upstream's words", e, c.code)
				}
			}
			if want := `{"cities":[{"name":"Oslo","weather":null},{"name":"Lima","weather":null}]}`; string(answer.Data) != want {
				t.Errorf("data = %s, want %s", answer.Data, want)
			}
			g.Upstream.Fail(nil)
			var got struct{ Weather struct{ ID string } }
			g.Data(t, `{ weather(city: "Oslo") { id } }`, nil, &got) // the failure was not kept
		})
	}
}
