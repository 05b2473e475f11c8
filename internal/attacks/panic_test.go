package attacks_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"barograph/gazetteer"
	"barograph/graph"
	"barograph/graph/generated"
	"barograph/internal/gatewaytest"
)

// A178: a panic, which nothing that a client sends is known to bring about. So here
// the resolver has a bug.
func TestAPanicTellsTheClientNothing(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t, func(c *graph.Config) { c.Resolvers = buggy{c.Resolvers} })
	body := `{"query":"{ city(name: \"Oslo\") { id } pipeline(name: \"default\") { name } }"}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"errors":[{"message":"internal server error","path":["city"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}],` +
		`"data":{"city":null,"pipeline":{"name":"default"}}}`
	if got := strings.TrimSpace(string(text)); got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
	if log := g.Logs.String(); !strings.Contains(log, marker) || !strings.Contains(log, "panic_test.go") {
		t.Errorf("want the panic and its stack in the log: %s", log)
	}
}

// buggy resolvers panic where a city is asked for.
type buggy struct{ generated.ResolverRoot }

func (b buggy) Query() generated.QueryResolver { return buggyQuery{b.ResolverRoot.Query()} }

type buggyQuery struct{ generated.QueryResolver }

func (buggyQuery) City(context.Context, string) (*gazetteer.City, error) { panic(marker) }
