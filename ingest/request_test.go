package ingest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"barograph/ingest"
	"barograph/internal/fault"
	"barograph/internal/ratelimit"
	"barograph/pipeline"
	"barograph/records"
)

func TestRequestsAreRefusedBeforeAStreamBegins(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	lines := func(more ...string) []string { return append([]string{"Content-Type", ndjson}, more...) }
	for name, c := range map[string]struct {
		method, path string
		headers      []string
		status       int
		want         string
		header       [2]string
	}{
		"another method":           {"GET", "/ingest/default", nil, 405, "BAD_REQUEST", [2]string{"Allow", "OPTIONS, POST"}},
		"an unknown pipeline":      {"POST", "/ingest/nothing", lines(), 404, "PIPELINE_NOT_FOUND", [2]string{}},
		"a name that is none":      {"POST", "/ingest/No%00Name", lines(), 404, "PIPELINE_NOT_FOUND", [2]string{}},
		"an inactive pipeline":     {"POST", "/ingest/asleep", lines(), 409, "PIPELINE_INACTIVE", [2]string{}},
		"no database":              {"POST", "/ingest/broken", lines(), 500, "INTERNAL_SERVER_ERROR", [2]string{}},
		"no media type":            {"POST", "/ingest/default", nil, 415, "BAD_REQUEST", [2]string{"Accept-Post", "application/x-ndjson, application/jsonl, application/cloudevents+json, application/cloudevents-batch+json"}},
		"JSON":                     {"POST", "/ingest/default", []string{"Content-Type", "application/json"}, 415, "BAD_REQUEST", [2]string{}},
		"plain text":               {"POST", "/ingest/default", []string{"Content-Type", "text/plain"}, 415, "BAD_REQUEST", [2]string{}},
		"events in another format": {"POST", "/ingest/default", []string{"Content-Type", "application/cloudevents+avro", "ce-id", "1"}, 415, "BAD_REQUEST", [2]string{}},
		"another charset":          {"POST", "/ingest/default", []string{"Content-Type", ndjson + "; charset=latin1"}, 415, "BAD_REQUEST", [2]string{}},
		"another compression":      {"POST", "/ingest/default", lines("Content-Encoding", "zstd"), 415, "BAD_REQUEST", [2]string{"Accept-Encoding", "gzip, identity"}},
		"two compressions":         {"POST", "/ingest/default", lines("Content-Encoding", "gzip, gzip"), 415, "BAD_REQUEST", [2]string{}},
		"no answer that would do":  {"POST", "/ingest/default", lines("Accept", "text/html, application/x-ndjson;q=0"), 406, "BAD_REQUEST", [2]string{}},
		"unknown results":          {"POST", "/ingest/default?results=none", lines(), 400, "BAD_REQUEST", [2]string{}},
		"results twice":            {"POST", "/ingest/default?results=all&results=all", lines(), 400, "BAD_REQUEST", [2]string{}},
		"a page of another origin": {"POST", "/ingest/default", lines("Origin", "https://evil.example"), 403, "FORBIDDEN", [2]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := send(t, c.method, address, c.path, strings.NewReader(`{"id":"secret"}`), c.headers...)
			if got.status != c.status || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("answered %d %s, want %d", got.status, got.header.Get("Content-Type"), c.status)
			}
			if c.header[0] != "" && got.header.Get(c.header[0]) != c.header[1] {
				t.Errorf("%s is %q, want %q", c.header[0], got.header.Get(c.header[0]), c.header[1])
			}
			expect(t, "the answer", got.lines, `{"problem":{"code":"`+c.want+`","message":…`)
			if strings.Contains(got.lines[0], "secret") {
				t.Errorf("it repeats what was sent: %s", got.lines)
			}
		})
	}
}

func TestLinesGoByThreeNames(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	for _, name := range []string{"application/x-ndjson", "application/jsonl", "application/ndjson"} {
		for _, accept := range []string{"", "*/*", "application/json, text/plain, */*", "application/*;q=0.1", "text/html, application/x-ndjson"} {
			got := post(t, address, "/ingest/default", numbered(1, 1), "Content-Type", name+"; charset=utf-8", "Accept", accept, "Origin", "https://app.example")
			if got.status != http.StatusOK || got.header.Get("Content-Type") != name {
				t.Errorf("%s, accepting %q, is answered %d %s", name, accept, got.status, got.header.Get("Content-Type"))
			}
		}
	}
}

func TestOptionsSayWhatIsServedAndThatEventsMayBeDelivered(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	got := send(t, http.MethodOptions, address, "/ingest/default", nil, "WebHook-Request-Origin", "events.example")
	if got.status != http.StatusNoContent || got.header.Get("Allow") != "OPTIONS, POST" || got.header.Get("WebHook-Allowed-Origin") != "events.example" || got.header.Get("WebHook-Allowed-Rate") != "*" {
		t.Errorf("answered %d %v", got.status, got.header)
	}
	limited, _ := serve(t, ingest.Config{Intake: &memory{}, Charge: purse(ratelimit.Limit{Rate: 1, Burst: 10})})
	if got := send(t, http.MethodOptions, limited, "/ingest/default", nil, "WebHook-Request-Origin", "events.example"); got.header.Get("WebHook-Allowed-Origin") != "events.example" || got.header.Get("WebHook-Allowed-Rate") != "" {
		t.Errorf("where there is a limit, it says %v", got.header)
	}
	if got := send(t, http.MethodOptions, address, "/ingest/default", nil); got.header.Get("WebHook-Allowed-Origin") != "" {
		t.Errorf("without being asked, it says %v", got.header)
	}
}

func TestTheStatusOfAnEventTellsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	refusing := func(r *pipeline.Refusal) []records.Acceptance { return []records.Acceptance{{Refusal: r}} }
	overloaded := pipeline.Refuse(pipeline.Overloaded, "no room")
	overloaded.RetryAfter = 1200 * time.Millisecond
	for name, c := range map[string]struct {
		answer []records.Acceptance
		err    error
		status int
		again  string
		want   string
	}{
		"accepted":            {nil, nil, 202, "", `{"id":"s e","outcome":"ACCEPTED"}`},
		"an unknown pipeline": {refusing(pipeline.Refuse(pipeline.NotFound, "none").At("input", "pipeline")), nil, 404, "", `{"id":"s e","outcome":"REJECTED","problem":{"code":"PIPELINE_NOT_FOUND","message":"none","field":["pipeline"]}}`},
		"an inactive one":     {refusing(pipeline.Refuse(pipeline.Inactive, "off")), nil, 409, "", `{"id":"s e","outcome":"REJECTED","problem":{"code":"PIPELINE_INACTIVE","message":"off"}}`},
		"against the schema":  {refusing(pipeline.Refuse(pipeline.PayloadInvalid, "no").At("input", "payloads", "0", "n")), nil, 422, "", `{"id":"s e","outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"no","field":["n"]}}`},
		"too large":           {refusing(pipeline.Refuse(pipeline.PayloadTooLarge, "large")), nil, 413, "", `{"id":"s e","outcome":"REJECTED","problem":{"code":"PAYLOAD_TOO_LARGE","message":"large"}}`},
		"overloaded":          {refusing(overloaded), nil, 503, "2", `{"id":"s e","outcome":"FAILED","problem":{"code":"OVERLOADED","message":"no room","retryAfterMs":1200}}`},
		"no database":         {nil, fault.New(fault.Unavailable, "away"), 503, "", `{"id":"s e","outcome":"FAILED","problem":{"code":"UNAVAILABLE","message":"away"}}`},
		"a bug":               {nil, errors.New("secret"), 500, "", `{"id":"s e","outcome":"FAILED","problem":{"code":"INTERNAL_SERVER_ERROR","message":"internal server error"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			intake := &memory{before: func(int, []json.RawMessage) ([]records.Acceptance, error) { return c.answer, c.err }}
			address, _ := serve(t, ingest.Config{Intake: intake})
			got := post(t, address, "/ingest/default", event("e", "s", `{}`), "Content-Type", structured)
			if got.status != c.status || got.header.Get("Retry-After") != c.again {
				t.Errorf("answered %d with Retry-After %q, want %d and %q", got.status, got.header.Get("Retry-After"), c.status, c.again)
			}
			expect(t, "the answer", got.lines, c.want)
			if calls := intake.calls(); len(calls) != 1 {
				t.Errorf("it was submitted %d times", len(calls))
			}
		})
	}
}
