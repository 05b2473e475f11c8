package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A collector takes in the spans that a gateway exports, over OTLP/HTTP.
type collector struct {
	url string

	mu    sync.Mutex
	spans []*spans.Span // guarded by mu
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request collect.ExportTraceServiceRequest
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
			http.Error(w, "not a trace", http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range request.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// exporting returns the command with an environment that makes it export here.
func (c *collector) exporting(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url)
	return cmd
}

// named returns the spans with a name that came in.
func (c *collector) named(name string) (found []*spans.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

// text returns all there is in the spans.
func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.spans)
}

func TestATraceLinksOneBatchToItsHundredFields(t *testing.T) {
	t.Parallel()
	collector := newCollector(t)
	g := start(t, collector.exporting(command(t, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
		"--data-dir", filepath.Join(tempDir(t), "data"), "--weather", "simulator")))
	for range 20 { // the first batch goes to the provider, the others return at once
		g.data(t, `query Hundred { searchCities(query: "b", first: 100) { weather { current { temperature } } } }`, nil)
	}
	g.data(t, `mutation { processPayload(input: { payload: { id: "a" } }) { duplicate } }`, nil)
	_, metrics := get(t, g.admin(t)+"/metrics", "Accept", "application/openmetrics-text; version=1.0.0")
	g.signal(t, syscall.SIGTERM)
	if code := g.wait(t); code != 0 {
		t.Fatalf("exit code %d; it printed:\n%s", code, g.out)
	}

	operations, batches, fields := collector.named("query Hundred"), collector.named("batch weather"), collector.named("load weather")
	if len(operations) != 20 || len(batches) != 20 || len(fields) != 2000 {
		t.Fatalf("%d operations, %d batches and %d fields, want 20, 20 and 2000", len(operations), len(batches), len(fields))
	}
	operation, field := map[string]bool{}, map[string]bool{}
	for _, s := range operations {
		operation[string(s.SpanId)] = true
		if s.Kind != spans.Span_SPAN_KIND_SERVER {
			t.Errorf("the operation is of kind %s", s.Kind)
		}
	}
	for _, s := range fields {
		field[string(s.SpanId)] = true
		if path := attribute(s, "graphql.field.path"); !strings.HasPrefix(path, "searchCities[") || !operation[string(s.ParentSpanId)] {
			t.Errorf("the field %q has the parent %x", path, s.ParentSpanId)
		}
	}
	for _, b := range batches {
		linked := map[string]bool{}
		for _, link := range b.Links {
			if linked[string(link.SpanId)] = true; !field[string(link.SpanId)] || string(link.TraceId) != string(b.TraceId) {
				t.Errorf("a link leads to %x, no field of the same trace", link.SpanId)
			}
		}
		if len(linked) != 100 || b.DroppedLinksCount != 0 || !operation[string(b.ParentSpanId)] || b.EndTimeUnixNano < b.StartTimeUnixNano {
			t.Errorf("the batch %v is linked to %d fields, want 100, under its operation", b, len(linked))
		}
	}
	calls := collector.named("fetch weather")
	if len(calls) != 1 || calls[0].Kind != spans.Span_SPAN_KIND_CLIENT || attribute(calls[0], "places") != "100" {
		t.Errorf("calls = %v, want one of a client for 100 places", calls)
	}

	accepted, processed := collector.named("accept batch"), collector.named("process payload")
	if len(accepted) != 1 || len(processed) != 1 || len(accepted[0].Links) != 1 || string(accepted[0].Links[0].SpanId) != string(processed[0].SpanId) {
		t.Errorf("the batch %v is not linked to whoever waited for it: %v", accepted, processed)
	}
	inserted := slices.ContainsFunc(collector.named("WITH"), func(s *spans.Span) bool {
		return string(s.ParentSpanId) == string(accepted[0].SpanId) && strings.Contains(attribute(s, "db.query.text"), "insert into records") &&
			strings.Contains(attribute(s, "db.query.text"), "$1")
	})
	if !inserted {
		t.Error("the batch has no insert, with placeholders, below it")
	}
	exemplified := slices.ContainsFunc(operations, func(s *spans.Span) bool {
		return strings.Contains(metrics, `trace_id="`+hex.EncodeToString(s.TraceId)+`"`)
	})
	if !exemplified {
		t.Error("no exemplar leads from the metrics to a trace")
	}
}

func attribute(s *spans.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			if a.Value.GetStringValue() != "" {
				return a.Value.GetStringValue()
			}
			return fmt.Sprint(a.Value.GetIntValue())
		}
	}
	return ""
}
