package weather_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"barograph/weather"
)

// traced returns the context of an operation that is traced.
func traced(ctx context.Context, id byte) (context.Context, trace.SpanContext) {
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{0xab, id}, SpanID: trace.SpanID{0xab, id}, TraceFlags: trace.FlagsSampled})
	return trace.ContextWithSpanContext(ctx, span), span
}

func TestACallIsLinkedToTheOperationsThatJoinedIt(t *testing.T) {
	gated(t, 10, func(t *testing.T, s *weather.Service, _ *fake, g *gate) {
		var operations sync.WaitGroup
		want := map[trace.SpanID]bool{}
		for id := range byte(4) { // the first of which makes the call
			ctx, span := traced(t.Context(), id)
			want[span.SpanID()] = id > 0
			operations.Go(func() { s.Reports(ctx, places(3), weather.Need{}) })
			synctest.Wait()
		}
		close(g.open)
		operations.Wait()
		synctest.Wait()
		var calls []sdk.ReadOnlySpan
		for _, span := range spans.Ended() {
			if span.Name() == "fetch weather" && (span.Parent().TraceID() == trace.TraceID{0xab, 0}) {
				calls = append(calls, span)
			}
		}
		if len(calls) != 1 || len(calls[0].Links()) != 3 {
			t.Fatalf("%d calls, want one with 3 links", len(calls))
		}
		for _, link := range calls[0].Links() {
			if !want[link.SpanContext.SpanID()] {
				t.Errorf("it is linked to %v", link.SpanContext.SpanID())
			}
		}
	})
}
