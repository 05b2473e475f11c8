package edge_test

import (
	"net/http"
	"strings"
	"testing"

	"barograph/internal/edge"
)

// ask sends a request with headers and returns the answer's status and headers.
func ask(t *testing.T, address, method string, headers map[string]string) (status int, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode, res.Header
}

func TestPagesOfListedOriginsReadAnswers(t *testing.T) {
	t.Parallel()
	address, _ := serveWith(t, edge.Config{GraphQL: named("graphql"), CORS: edge.CORS{Origins: []string{"https://app.example"}}})
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": "", "null": ""} {
		status, header := ask(t, address, http.MethodGet, map[string]string{"Origin": origin})
		if got := header.Get("Access-Control-Allow-Origin"); status != http.StatusOK || got != want {
			t.Errorf("from %s: %d and %q, want 200 and %q", origin, status, got, want)
		}
		if !strings.Contains(strings.Join(header.Values("Vary"), ","), "Origin") {
			t.Errorf("from %s: Vary is %q", origin, header.Values("Vary"))
		}
		status, header = ask(t, address, http.MethodOptions, map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "POST",
			"Access-Control-Request-Headers": "apollo-require-preflight,apollographql-client-name,apollographql-client-version,authorization,content-type,last-event-id,traceparent,x-barograph-upstream,x-graphql-event-stream-token,x-request-id",
		})
		if got := header.Get("Access-Control-Allow-Origin"); status != http.StatusNoContent || got != want {
			t.Errorf("a preflight from %s: %d and %q, want 204 and %q", origin, status, got, want)
		}
		if got := header.Get("Access-Control-Max-Age"); (got != "") != (want != "") {
			t.Errorf("a preflight from %s may be kept for %q", origin, got)
		}
		if got := header.Get("Access-Control-Allow-Credentials"); got != "" {
			t.Errorf("a preflight from %s allows credentials: %s", origin, got)
		}
	}
	_, header := ask(t, address, http.MethodGet, map[string]string{"Origin": "https://app.example"})
	if exposed := header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "X-Request-Id") || !strings.Contains(exposed, "Etag") {
		t.Errorf("pages see %q", exposed)
	}
}

func TestPagesOfListedOriginsUseTheMethodsThatAreServed(t *testing.T) {
	t.Parallel()
	address, _ := serveWith(t, edge.Config{GraphQL: named("graphql"), CORS: edge.CORS{Origins: []string{"https://app.example"}}})
	for method, want := range map[string]string{"GET": "GET", "HEAD": "HEAD", "POST": "POST", "PUT": "PUT", "DELETE": "DELETE", "PATCH": ""} {
		_, header := ask(t, address, http.MethodOptions, map[string]string{"Origin": "https://app.example", "Access-Control-Request-Method": method})
		if got := header.Get("Access-Control-Allow-Methods"); got != want {
			t.Errorf("a preflight for %s allows %q, want %q", method, got, want)
		}
	}
}

func TestWithoutListedOriginsNothingIsSaidOfThem(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, named("graphql"), nil)
	_, header := ask(t, address, http.MethodGet, map[string]string{"Origin": "https://app.example"})
	for name := range header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			t.Errorf("%s: %s", name, header.Get(name))
		}
	}
}

func TestCredentialsAreAllowedWhereTheyCount(t *testing.T) {
	t.Parallel()
	address, _ := serveWith(t, edge.Config{GraphQL: named("graphql"), CORS: edge.CORS{Origins: []string{"https://app.example"}, Credentials: true}})
	_, header := ask(t, address, http.MethodGet, map[string]string{"Origin": "https://app.example"})
	if got := header.Get("Access-Control-Allow-Credentials"); got != "true" {
		t.Errorf("Access-Control-Allow-Credentials is %q, want true", got)
	}
}
