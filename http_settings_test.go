package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestServeDoesAsItsHTTPSettingsSay asks the program, not its parts, whose tests
// say more.
func TestServeDoesAsItsHTTPSettingsSay(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"), "--body-limit", "100", "--batch-limit", "2",
		"--cors-origins", "https://app.example,https://other.example", "--require-preflight", "--allowed-hosts", "gateway.example")
	const query = `{"query":"{ __typename }"}`
	for name, c := range map[string]struct {
		method, target, host, origin, body string
		status                             int
		want                               string
	}{
		"a query":                 {http.MethodPost, "/graphql", "", "", query, 200, `"Query"`},
		"a body over the limit":   {http.MethodPost, "/graphql", "", "", query + strings.Repeat(" ", 100), 413, "100 bytes"},
		"a batch":                 {http.MethodPost, "/graphql", "", "", "[" + query + "," + query + "]", 200, `"Query"}},{`},
		"a batch over the limit":  {http.MethodPost, "/graphql", "", "", "[" + query + "," + query + "," + query + "]", 400, "2 are allowed"},
		"a listed origin":         {http.MethodPost, "/graphql", "", "https://other.example", query, 200, `"Query"`},
		"another origin":          {http.MethodPost, "/graphql", "", "https://evil.example", query, 403, "FORBIDDEN"},
		"a GET nobody asked for":  {http.MethodGet, "/graphql?query=%7B__typename%7D", "", "", "", 400, "apollo-require-preflight"},
		"a listed host":           {http.MethodPost, "/graphql", "gateway.example", "", query, 200, `"Query"`},
		"another host":            {http.MethodPost, "/graphql", "evil.example", "", query, 403, "localhost"},
		"the schema, by its host": {http.MethodGet, "/schema.graphql", "gateway.example", "", "", 200, "type Query"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, g.url+c.target, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		if c.origin != "" {
			req.Header.Set("Origin", c.origin)
		}
		req.Host = c.host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != c.status || !strings.Contains(string(answer), c.want) {
			t.Errorf("%s: %d %.300s, %v; want %d and %q", name, res.StatusCode, answer, err, c.status, c.want)
		}
		if allowed := res.Header.Get("Access-Control-Allow-Origin"); allowed != "" && allowed != c.origin {
			t.Errorf("%s: answers are for %s", name, allowed)
		}
	}
}
