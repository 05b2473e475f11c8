package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/operation"
	"barograph/internal/requestid"
	"barograph/internal/telemetry"
)

// The SDK is the whole process's, so that tests that start it run one by one.

func scrape(t *testing.T, started *telemetry.Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	started.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	return w.Body.String()
}

func TestStartKeepsMetricsAndStopsInTime(t *testing.T) { //nolint:paralleltest // see above
	t.Setenv("OTEL_SERVICE_NAME", "somewhere")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1") // where nobody is
	var log bytes.Buffer
	started, err := telemetry.Start(t.Context(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	meter := otel.Meter("test")
	counter, _ := meter.Int64Counter("test.things")
	counter.Add(t.Context(), 3)
	times, _ := meter.Float64Histogram("test.time", metric.WithUnit("s"))
	times.Record(t.Context(), 0.02)
	sizes, _ := meter.Int64Histogram("test.size")
	sizes.Record(t.Context(), 300)
	_, span := otel.Tracer("test").Start(t.Context(), "span")
	if !span.IsRecording() {
		t.Error("no trace is recorded although it has somewhere to go")
	}
	span.End()
	text := scrape(t, started)
	for _, want := range []string{
		"test_things_total 3\n", `test_time_seconds_bucket{le="0.025"} 1`, `test_time_seconds_bucket{le="0.01"} 0`, `test_size_bucket{le="500"} 1`,
		`service_name="somewhere"`, "go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s:\n%s", want, text)
		}
	}
	otel.Handle(errors.New("a failing exporter"))
	if !strings.Contains(log.String(), `level=WARN msg="telemetry is failing" err="a failing exporter"`) {
		t.Errorf("the log does not tell of it: %s", log.String())
	}
	log.Reset()
	started.Shutdown(t.Context())
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "connection refused") {
		t.Errorf("the log does not tell that the span got lost: %s", log.String())
	}
}

func TestWhatTheEnvironmentSaysWrongIsAnError(t *testing.T) { //nolint:paralleltest // see above
	for name, value := range map[string]string{"OTEL_TRACES_EXPORTER": "pigeon", "OTEL_METRICS_EXPORTER": "smoke"} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // see above
			t.Setenv(name, value)
			if _, err := telemetry.Start(t.Context(), slog.New(slog.DiscardHandler)); err == nil {
				t.Errorf("%s=%s is accepted", name, value)
			}
		})
	}
}

func TestTheSDKCanBeDisabled(t *testing.T) { //nolint:paralleltest // see above
	t.Setenv("OTEL_SDK_DISABLED", "true")
	started, err := telemetry.Start(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if text := scrape(t, started); !strings.Contains(text, "404") {
		t.Errorf("metrics are served: %s", text)
	}
	started.Shutdown(t.Context())
}

func TestLogsSayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(telemetry.Handler(slog.NewJSONHandler(&log, nil))).With("node", "a")
	trace := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	requestid.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		logger.InfoContext(operation.New("test").Within(contextWith(r.Context(), trace)), "inside")
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	logger.InfoContext(t.Context(), "outside")
	inside, outside, _ := strings.Cut(log.String(), "\n")
	var got map[string]string
	if err := json.Unmarshal([]byte(inside), &got); err != nil {
		t.Fatal(err)
	}
	if got["trace_id"] != trace.TraceID().String() || got["span_id"] != trace.SpanID().String() || got["request_id"] == "" ||
		got["operation"] != "test" || got["node"] != "a" || got["msg"] != "inside" {
		t.Errorf("inside of an operation: %s", inside)
	}
	if strings.Contains(outside, "_id") || strings.Contains(outside, "operation") || !strings.Contains(outside, `"node":"a"`) {
		t.Errorf("outside: %s", outside)
	}
}

func contextWith(ctx context.Context, span trace.SpanContext) context.Context {
	return trace.ContextWithSpanContext(ctx, span)
}
