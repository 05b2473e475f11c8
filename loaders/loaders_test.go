package loaders_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/auth"
	"barograph/gazetteer"
	"barograph/graph"
	"barograph/graph/access"
	"barograph/loaders"
	"barograph/resolvers"
	"barograph/weather"
)

// A provider notes when it was asked for how many places, on the clock of the
// test's bubble: a batch that did not wait left at no time at all.
type provider struct {
	start time.Time
	asks  *auth.Principal // who asks; nil for anyone

	mu    sync.Mutex
	calls []string     // guarded by mu
	need  weather.Need // guarded by mu: of all calls
}

func (p *provider) Source() weather.Source { return weather.Source{Provider: "test"} }
func (p *provider) Limits() weather.Limits { return weather.Limits{Batch: 1000, Calls: 4} }
func (p *provider) Has() weather.Need {
	return weather.Need{Current: true, Hours: 360, Days: 16, AirQuality: true}
}

func (p *provider) Fetch(_ context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	p.mu.Lock()
	p.calls = append(p.calls, fmt.Sprintf("%d after %s", len(places), time.Since(p.start)))
	p.need = p.need.And(need)
	p.mu.Unlock()
	time.Sleep(5 * time.Millisecond) // on the bubble's clock: an upstream's latency
	results := make([]weather.Result, len(places))
	for i, at := range places {
		if at.Latitude == 13 {
			panic("a bug in a provider")
		}
		results[i].Report = &weather.Report{Place: at, ExpiresAt: p.start.Add(time.Hour), Hourly: make([]weather.Hour, need.Hours)}
	}
	return results, nil
}

// ask executes a query in a bubble and returns the calls it made and its answer.
func ask(t *testing.T, query string, ids []string) (calls string, answer string) {
	t.Helper()
	var p provider
	answer = run(t, &p, query, ids)
	return strings.Join(p.calls, ", "), answer
}

// run executes a query over a provider in a bubble and returns its answer.
func run(t *testing.T, p *provider, query string, ids []string) (answer string) {
	t.Helper()
	cities := open(t)
	synctest.Test(t, func(t *testing.T) {
		p.start = time.Now()
		logger := slog.New(slog.DiscardHandler)
		service := weather.NewService(time.Now, logger, p)
		defer service.Close()
		handler := auth.As(cmp.Or(p.asks, auth.Anyone), graph.New(graph.Config{
			Resolvers: &resolvers.Root{Gazetteer: cities, Now: time.Now, Logger: logger},
			Extensions: []graphql.HandlerExtension{loaders.Extension{Denied: access.Denied, Sources: loaders.Sources{
				Weather: service,
			}}},
			Logger: logger,
		}))
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"ids": ids}})
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(body)))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(loaders.ReportHeader, "1")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		answer = w.Body.String()
	})
	return answer
}

func open(t *testing.T) *gazetteer.Gazetteer {
	t.Helper()
	g, err := gazetteer.Open()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func hundred(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, city := range open(t).Search("b", 100, "") {
		ids = append(ids, city.Key())
	}
	return ids
}

func aliases(ids []string, template string) string {
	var b strings.Builder
	for i, id := range ids {
		_, _ = fmt.Fprintf(&b, "a%d: "+template+"\n", i, id)
	}
	return b.String()
}

func TestABatchLeavesWhenItsLevelIsComplete(t *testing.T) {
	t.Parallel()
	ids := hundred(t)
	const report = `{ id }`
	// None asks for one city twice: dataloader lets the second wait for a mutex,
	// on which a bubble's clock does not go on.
	for name, c := range map[string]struct{ query, want string }{
		"a city":                   {`{ weather(city: "Oslo") ` + report + ` }`, "1 after 0s"},
		"a hundred in a list":      {`query ($ids: [String!]!) { cities(names: $ids) { weather ` + report + ` } }`, "100 after 0s"},
		"a hundred aliases":        {`{` + aliases(ids, `weather(city: %q) `+report) + `}`, "100 after 0s"},
		"a hundred nested aliases": {`{` + aliases(ids, `city(name: %q) { weather `+report+` }`) + `}`, "100 after 0s"},
		"lists side by side": {`query ($ids: [String!]!) { a: cities(names: $ids) { weather ` + report + ` } b: searchCities(query: "oslo", first: 1) { weather ` + report + ` }
			c: weatherAt(latitude: 1, longitude: 2) ` + report + ` }`, "102 after 0s"},
		"beside what is unknown":      {`{ a: weather(city: "Nowhereville") ` + report + ` b: weather(city: "Oslo") ` + report + ` }`, "1 after 0s"},
		"beside what is not weather":  {`{ __typename a: city(name: "Lima") { name } b: weather(city: "Oslo") ` + report + ` }`, "1 after 0s"},
		"beside what is left out":     {`{ a: city(name: "Lima") { weather @skip(if: true) ` + report + ` } b: weather(city: "Oslo") ` + report + ` }`, "1 after 0s"},
		"beside a node that leads on": {`{ a: node(id: "City:3143244") { ... on City { weather ` + report + ` } } b: weather(city: "Lima") ` + report + ` }`, "2 after 0s"},
		"a level nobody can foretell": {`query ($ids: [ID!]!) { nodes(ids: $ids) { ... on City { weather ` + report + ` } } }`, "100 after 2ms"},
		"a report asked for twice":    {`{ city(name: "Oslo") { weather ` + report + ` ...F weather ` + report + ` } city(name: "Oslo") { ...F } lima: city(name: "Lima") { ...F ...F } } fragment F on City { weather { timeZone } }`, "2 after 0s"},
		"beside a fragment left out":  {`{ a: city(name: "Lima") { ...F @skip(if: true) ... @include(if: false) { weather ` + report + ` } } b: weather(city: "Oslo") ` + report + ` } fragment F on City { weather ` + report + ` }`, "1 after 0s"},
		"left out once of twice":      {`{ a: city(name: "Lima") { ...F @skip(if: true) ...F } b: weather(city: "Oslo") ` + report + ` } fragment F on City { weather ` + report + ` }`, "2 after 0s"},
		"an empty level":              {`{ cities(names: ["Nowhereville"]) { weather ` + report + ` } }`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var variables []string
			if strings.Contains(c.query, "$ids") {
				variables = ids
			}
			calls, answer := ask(t, c.query, variables)
			if calls != c.want {
				t.Errorf("calls: %s; want %s; answer: %.300s", calls, c.want, answer)
			}
		})
	}
}

// What a caller may not have is not resolved, and so announces nothing.
func TestNobodyWaitsForWhatIsDenied(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"beside":      `{ city(name: "Oslo") { weather { id } records { nodes { city { weather { id } } } } } }`,
		"a record":    `{ record(payloadId: "a") { city { weather { id } } } weather(city: "Oslo") { id } }`,
		"a fragment":  `{ city(name: "Oslo") { ...F } } fragment F on City { weather { id } ... on Node { ... on City { records { edges { node { city { weather { id } } } } } } } }`,
		"of a list":   `{ cities(names: ["Oslo"]) { weather { id } records { nodes { city { weather { id } } } } } }`,
		"two of them": `{ city(name: "Oslo") { a: records { nodes { city { weather { id } } } } b: records { nodes { city { weather { id } } } } weather { id } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := provider{asks: &auth.Principal{Name: "forecaster", Kind: auth.Key, Scopes: auth.WeatherRead}}
			answer := run(t, &p, query, nil)
			if calls := strings.Join(p.calls, ", "); calls != "1 after 0s" || !strings.Contains(answer, "FORBIDDEN") {
				t.Errorf("calls: %s; want one at once; answer: %.300s", calls, answer)
			}
		})
	}
}

func TestWhatIsNeededIsThatOfEveryPartOfTheDocument(t *testing.T) {
	t.Parallel()
	_, answer := ask(t, `{ city(name: "Oslo") { name } city(name: "Oslo") { weather { hourly(hours: 48) { __typename } } } }`, nil)
	if got := strings.Count(answer, `"HourlyForecast"`); got != 48 {
		t.Errorf("%d hours, want 48: %.300s", got, answer)
	}
}

func TestNobodyIsToldWhatLoadingTookWhereThatIsNotAllowed(t *testing.T) {
	t.Parallel()
	if _, answer := ask(t, `{ weather(city: "Oslo") { id } }`, nil); strings.Contains(answer, "extensions") {
		t.Errorf("answer = %s, want none of what it took", answer)
	}
}

func TestAPanicWhileLoadingFailsTheBatchAlone(t *testing.T) {
	t.Parallel()
	_, answer := ask(t, `{ a: weatherAt(latitude: 13, longitude: 0) { id } b: city(name: "Oslo") { name } }`, nil)
	for _, want := range []string{`"a":null`, `"b":{"name":"Oslo"}`, `"path":["a"]`, `INTERNAL_SERVER_ERROR`} {
		if !strings.Contains(answer, want) {
			t.Errorf("answer = %s, want %s in it", answer, want)
		}
	}
	if strings.Contains(answer, "bug") {
		t.Errorf("answer = %s: the panic's text reached the client", answer)
	}
}
