package records_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"barograph/records"
)

func TestTallyMeasuresWhatIsUnfinished(t *testing.T) { // alone, for the process has one provider of meters
	reader := metric.NewManualReader()
	before := otel.GetMeterProvider()
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(reader)))
	t.Cleanup(func() { otel.SetMeterProvider(before) })
	g := assemble(open(t, migrated(t)))
	seed(t, g, row{"default", "a", records.Queued, 0, 0}, row{"other", "b", records.Queued, 0, 10}, row{"other", "c", records.Processing, 0, 5}, row{"other", "d", records.Processed, 0, -5})
	b := records.NewTally(g.base)
	if err := b.Observe(); err != nil {
		t.Fatal(err)
	}
	if got := measured(t, reader); len(got) != 0 {
		t.Errorf("before a count: %v", got)
	}
	if err := b.Count(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := measured(t, reader)
	if got["QUEUED"] != 2 || got["PROCESSING"] != 1 || got["RETRYING"] != 0 || len(got) != 4 {
		t.Errorf("measured %v", got)
	}
	if age, want := got["age"], time.Since(noon).Seconds(); age < want-patience.Seconds() || age > want {
		t.Errorf("the oldest is %g s old, want about %g", age, want)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Count(ended); err == nil {
		t.Error("a count that was stopped succeeds")
	}
	if got := measured(t, reader); len(got) != 0 {
		t.Errorf("after a count that failed: %v, want nothing rather than what was", got)
	}
}

// measured returns the backlog by state, and its age.
func measured(t *testing.T, reader *metric.ManualReader) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				if m.Name == "barograph.records.backlog" {
					for _, p := range data.DataPoints {
						state, _ := p.Attributes.Value("state")
						found[state.AsString()] = float64(p.Value)
					}
				}
			case metricdata.Gauge[float64]:
				if m.Name == "barograph.records.backlog.age" {
					found["age"] = data.DataPoints[0].Value
				}
			}
		}
	}
	return found
}
