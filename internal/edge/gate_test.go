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
	ask := func(path string) (status int, header http.Header, body string) {
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
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(text)
	}
	paths := []string{"/graphql", "/ingest/default", "/", "/schema.graphql"}
	for _, path := range paths {
		if status, _, body := ask(path); status != http.StatusOK {
			t.Fatalf("%s is answered %d %s within the limit", path, status, body)
		}
	}
	for _, path := range paths {
		status, header, body := ask(path)
		if status != http.StatusTooManyRequests || header.Get("Retry-After") != "1" || header.Get("RateLimit") == "" {
			t.Errorf("%s is answered %d %v beyond it", path, status, header)
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
			if exposed := header.Get("Access-Control-Expose-Headers"); !strings.Contains(strings.ToLower(exposed), "ratelimit, ratelimit-policy") || header.Get("Access-Control-Allow-Origin") == "" {
				t.Errorf("a page may not read the refusal: %v", header)
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
	if status, _, _ := ask("/healthz"); status != http.StatusOK {
		t.Errorf("a probe is answered %d", status)
	}
}
