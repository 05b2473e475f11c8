package edge_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"barograph/internal/edge"
	"barograph/internal/ratelimit"
)

// Whoever asks too often is told so as it is told anything else there, pages may read
// it, and probes go on.
func TestTheGateRefusesEachInItsOwnWords(t *testing.T) {
	t.Parallel()
	clock := func() time.Duration { return 0 }
	buckets := ratelimit.NewLocal("test", ratelimit.Limit{Rate: 1, Burst: 4}, 100, clock)
	address, _ := serveWith(t, edge.Config{
		GraphQL: named("graphql"), Ingest: named("ingest"), CORS: edge.CORS{Origins: []string{"https://app.example"}},
		Gate: ratelimit.NewGate(buckets, ratelimit.Proxies{}, clock, slog.New(slog.DiscardHandler)),
	})
	ask := func(path string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if path == "/healthz" {
			req.Method = http.MethodGet
		}
		req.Header.Set("Origin", "https://app.example")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	paths := []string{"/graphql", "/ingest/default", "/", "/schema.graphql"}
	for _, path := range paths {
		if res, body := ask(path); res.StatusCode != http.StatusOK {
			t.Fatalf("%s is answered %d %s within the limit", path, res.StatusCode, body)
		}
	}
	for _, path := range paths {
		res, body := ask(path)
		if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" || res.Header.Get("RateLimit") == "" {
			t.Errorf("%s is answered %d %v beyond it", path, res.StatusCode, res.Header)
		}
		var told struct {
			Errors []struct {
				Extensions struct {
					Code         string
					Retryable    bool
					RetryAfterMs int
				}
			}
			Problem struct {
				Code         string
				RetryAfterMs int
			}
		}
		_ = json.Unmarshal([]byte(body), &told) // a page is not JSON
		switch path {
		case "/graphql":
			if len(told.Errors) != 1 || told.Errors[0].Extensions.Code != "RATE_LIMITED" || !told.Errors[0].Extensions.Retryable || told.Errors[0].Extensions.RetryAfterMs != 1000 {
				t.Errorf("an operation is answered %s", body)
			}
			if exposed := res.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(strings.ToLower(exposed), "ratelimit, ratelimit-policy") || res.Header.Get("Access-Control-Allow-Origin") == "" {
				t.Errorf("a page may not read the refusal: %v", res.Header)
			}
		case "/ingest/default":
			if told.Problem.Code != "RATE_LIMITED" || told.Problem.RetryAfterMs != 1000 {
				t.Errorf("a message is answered %s", body)
			}
		default:
			if !strings.Contains(body, "too many requests") {
				t.Errorf("a person is answered %s", body)
			}
		}
	}
	if res, _ := ask("/healthz"); res.StatusCode != http.StatusOK {
		t.Errorf("a probe is answered %d", res.StatusCode)
	}
}
