package loaders_test

import (
	"slices"
	"testing"

	"go.opentelemetry.io/otel"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// spans are those of every operation that these tests run.
var spans = tracetest.NewSpanRecorder()

func TestMain(m *testing.M) {
	otel.SetTracerProvider(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)))
	m.Run()
}

// A batch for more fields than a span keeps links to says how many there were.
func TestABatchIsLinkedToSoManyFieldsAtMost(t *testing.T) {
	t.Parallel()
	ids := hundred(t)
	for _, city := range open(t).Search("s", 100, "") {
		if len(ids) < 150 && !slices.Contains(ids, city.Key()) {
			ids = append(ids, city.Key())
		}
	}
	_, answer := ask(t, `query Many { `+aliases(ids, `city(name: %q) { weather { id } }`)+` }`, nil)
	batch := named(t, "batch weather", named(t, "query Many", nil))
	callers := 0
	for _, a := range batch.Attributes() {
		if a.Key == "barograph.batch.callers" {
			callers = int(a.Value.AsInt64())
		}
	}
	if len(batch.Links()) != 128 || batch.DroppedLinks() != 0 || callers != len(ids) {
		t.Errorf("%d links and %d callers, want 128 and %d; answer: %.300s", len(batch.Links()), callers, len(ids), answer)
	}
}

// named returns the span with a name, below another one if that is given.
func named(t *testing.T, name string, parent sdk.ReadOnlySpan) sdk.ReadOnlySpan {
	t.Helper()
	for _, s := range spans.Ended() {
		if s.Name() == name && (parent == nil || s.Parent().SpanID() == parent.SpanContext().SpanID()) {
			return s
		}
	}
	t.Fatalf("there is no span %q", name)
	return nil
}
