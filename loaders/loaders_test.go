package loaders_test

import (
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

	"barograph/gazetteer"
	"barograph/graph"
	"barograph/loaders"
	"barograph/resolvers"
	"barograph/weather"
)

// A provider notes when it was asked for how many places, on the clock of the
// test's bubble: a batch that did not wait left at no time at all.
type provider struct {
	start time.Time

	mu    sync.Mutex
	calls []string // guarded by mu
}

func (p *provider) Source() weather.Source { return weather.Source{Provider: "test"} }
func (p *provider) Limits() weather.Limits { return weather.Limits{Batch: 1000, Calls: 4} }
func (p *provider) Has() weather.Need      { return weather.Need{Current: true, Hours: 360, Days: 16} }

func (p *provider) Fetch(_ context.Context, places []weather.Place, _ weather.Need) ([]weather.Result, error) {
	p.mu.Lock()
	p.calls = append(p.calls, fmt.Sprintf("%d after %s", len(places), time.Since(p.start)))
	p.mu.Unlock()
	time.Sleep(5 * time.Millisecond) // on the bubble's clock: an upstream's latency
	results := make([]weather.Result, len(places))
	for i, at := range places {
		if at.Latitude == 13 {
			panic("a bug in a provider")
		}
		results[i].Report = &weather.Report{Place: at, ExpiresAt: p.start.Add(time.Hour)}
	}
	return results, nil
}

// ask executes a query in a bubble and returns the calls it made and its answer.
func ask(t *testing.T, query string, ids []string) (calls string, answer string) {
	t.Helper()
	cities := open(t)
	synctest.Test(t, func(t *testing.T) {
		p := &provider{start: time.Now()}
		logger := slog.New(slog.DiscardHandler)
		service := weather.NewService(time.Now, logger, p)
		defer service.Close()
		handler := graph.New(graph.Config{
			Resolvers: &resolvers.Root{Gazetteer: cities, Now: time.Now, Logger: logger},
			Extensions: []graphql.HandlerExtension{loaders.Extension{Sources: loaders.Sources{
				Weather: service,
			}}},
			Logger: logger,
		})
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"ids": ids}})
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(body)))
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		calls, answer = strings.Join(p.calls, ", "), w.Body.String()
	})
	return calls, answer
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
