package attacks_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestGraphQLCopFindsNothing sends what graphql-cop 1.15 sends, word for word, to a
// gateway as it is in production, and judges the answers as that does. It knows them
// by their JSON alone, and so the answer must also say what it has to.
func TestGraphQLCopFindsNothing(t *testing.T) {
	t.Parallel()
	post := func(document string) func(*testing.T, *gateway) answer {
		return func(t *testing.T, g *gateway) answer { return g.ask(t, document) }
	}
	get := func(document string) func(*testing.T, *gateway) answer {
		return func(t *testing.T, g *gateway) answer { return g.get(t, url.Values{"query": {document}}) }
	}
	g := start(t, "--introspection=off", "--playground=off", "--upstream-report=off", "--require-preflight", "--batch-limit=1", "--limit-aliases=100")
	for _, c := range []struct {
		name   string
		send   func(*testing.T, *gateway) answer
		status int
		never  string // what the answer may not have in it
	}{
		{"alias overloading", post("query cop { " + numbered(101, "alias%d:__typename \n") + " }"), http.StatusBadRequest, "alias100"},
		{"array-based query batching", func(t *testing.T, g *gateway) answer {
			return g.post(t, "["+strings.TrimSuffix(strings.Repeat(`{"query":"query cop { __typename }","operationName":"cop"},`, 10), ",")+"]")
		}, http.StatusBadRequest, "__typename"},
		{"circular query by introspection", post("query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }"), http.StatusBadRequest, `"data"`},
		{"directive overloading", post("query cop { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }"), http.StatusBadRequest, `"data"`},
		{"field duplication", post("query cop { " + strings.Repeat("__typename \n", 500) + "} "), http.StatusBadRequest, `"data"`},
		{"field suggestions", post("query cop { __schema { directive } }"), http.StatusBadRequest, "Did you mean"},
		{"mutation by GET", get("mutation cop {__typename}"), http.StatusBadRequest, `"data"`},
		{"query by GET", get("query cop {__typename}"), http.StatusBadRequest, `"data"`},
		{"GraphQL IDE", func(t *testing.T, g *gateway) answer {
			return g.send(t, http.MethodGet, g.url, map[string]string{"Accept": "text/html"}, nil)
		}, http.StatusNotAcceptable, "<html"},
		{"introspection", post("query cop { __schema { types { name fields { name } } } }"), http.StatusBadRequest, `"data"`},
		{"POST of a form", func(t *testing.T, g *gateway) answer {
			return g.post(t, url.Values{"query": {"query cop { __typename }"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		}, http.StatusBadRequest, `"data"`},
		{"trace mode", post("query cop { __typename }"), http.StatusOK, "extensions"},
		{"unhandled errors", post("qwerty cop { abc }"), http.StatusBadRequest, "exception"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.send(t, g); got.status != c.status || strings.Contains(got.body, c.never) {
				t.Errorf("answered %s, want %d without %s", got, c.status, c.never)
			}
		})
	}
	try(t, g, nil)
}
