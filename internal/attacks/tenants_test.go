package attacks_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"barograph/auth"
)

// A tenants is a gateway that two parties share, each with a pipeline of its own
// in which is a record "one", in Mumbai.
type tenants struct {
	*gateway // as an admin asks it
	from     *issuer
}

func newTenants(t *testing.T) tenants {
	t.Helper()
	from := newIssuer(t)
	g := tenants{start(t, "--federation", "--cost-report=off", "--jwt-issuers="+from.url, "--jwt-audiences=barograph"), from}
	g.token = from.token(nil)
	for _, name := range []string{"acme", "bolt"} {
		g.tell(t, `mutation ($name: String!) { createPipeline(input: {name: $name}) { problems { code } } }`, map[string]any{"name": name})
		g.send(t, g.gateway, name, "one")
	}
	return g
}

// send takes a payload in to a pipeline, and returns what became of it.
func (g tenants) send(t *testing.T, as *gateway, name, id string) string {
	t.Helper()
	told := as.tell(t, `mutation ($name: String!, $p: JSON!) { processPayload(input: {pipeline: $name, payload: $p}) { duplicate record { id } problems { code } } }`,
		map[string]any{"name": name, "p": map[string]any{"id": id, "city": "Mumbai", "secret": "of " + name}})
	return told.String()
}

// as returns the gateway as somebody asks it with scopes, who reaches pipelines:
// all, where none is named.
func (g tenants) as(scopes auth.Scopes, patterns ...string) *gateway {
	claims := map[string]any{"sub": "tenant", "roles": nil, "scope": scopes.String()}
	if len(patterns) > 0 {
		claims["barograph_pipelines"] = patterns
	}
	return g.with(g.from.token(claims))
}

// with returns the gateway as somebody asks it with a token, or without one.
func (g tenants) with(token string) *gateway {
	as := *g.gateway
	as.token = token
	return &as
}

// A told is what an operation came to.
type told struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       path
		Extensions struct{ Code string }
	}
}

// A path is where an error is, with dots, as in "cities.1.weather".
type path string

func (p *path) UnmarshalJSON(text []byte) error {
	var steps []any
	if err := json.Unmarshal(text, &steps); err != nil {
		return err
	}
	*p = path(strings.ReplaceAll(strings.Trim(fmt.Sprint(steps), "[]"), " ", "."))
	return nil
}

func (t told) String() string { return fmt.Sprintf("%s %+v", t.Data, t.Errors) }

// tell sends an operation, and returns what it came to.
func (g *gateway) tell(t *testing.T, query string, variables ...any) (told told) {
	t.Helper()
	if got := g.ask(t, query, variables...); json.Unmarshal([]byte(got.body), &told) != nil {
		t.Errorf("%s is answered %s", query, got)
	}
	return told
}

// header has the token that the gateway is asked with.
func (g *gateway) header() http.Header {
	header := http.Header{}
	if g.token != "" {
		header.Set("Authorization", "Bearer "+g.token)
	}
	return header
}

// post sends a request, and returns its answer once that has ended.
func post(t *testing.T, as *gateway, request any, accept string) []byte {
	t.Helper()
	res := begin(t, as, request, accept)
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("after %s: %v", body, err)
	}
	return body
}

// begin sends a request, and returns its answer when that begins.
func begin(t *testing.T, as *gateway, request any, accept string) *http.Response {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, as.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = as.header()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// events returns what a subscription is told, for as long as the test runs.
func events(t *testing.T, as *gateway, query string) <-chan string {
	t.Helper()
	res := begin(t, as, map[string]string{"query": query}, "text/event-stream")
	t.Cleanup(func() { _ = res.Body.Close() })
	told, lines := make(chan string, 10_000), bufio.NewScanner(res.Body)
	go func() {
		defer close(told)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "" {
				told <- data
			}
		}
	}()
	return told
}
