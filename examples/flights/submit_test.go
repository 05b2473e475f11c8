package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func TestSubmitEndsAtWhatIsNotTakenIn(t *testing.T) {
	t.Parallel()
	payloads := []payload{{ID: "a"}}
	for _, test := range []struct{ answer, want string }{
		{`null`, "submit a: the gateway answered nothing"},
		{`{"problems":[{"code":"PAYLOAD_CONFLICT","message":"other content"}],"record":{"payloadId":"a","state":"PROCESSED"}}`,
			"submit a: refused with PAYLOAD_CONFLICT: other content"},
		{`{"problems":[],"record":null}`, "submit a: the gateway answered no record"},
		{`{"problems":[],"record":{"payloadId":"b","state":"PROCESSED"}}`, "submit a: the gateway answered the record of b"},
		{`{"problems":[],"record":{"payloadId":"a","state":"QUEUED"}}`, "submit a: the record is QUEUED"},
	} {
		g := answering(t, 1, func(context.Context) string { return test.answer })
		if _, err := submit(t.Context(), g, payloads, 1); err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestSubmitKeepsToItsConcurrency(t *testing.T) {
	t.Parallel()
	const concurrency = 4
	var under, most atomic.Int64
	full := make(chan struct{})
	g := answering(t, 20, func(ctx context.Context) string {
		n := under.Add(1)
		defer under.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if n == concurrency {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		select {
		case <-full: // as many as may be have been under way at a time
		case <-ctx.Done():
		}
		return `{"duplicate":true,"problems":[],"record":{"payloadId":"a","state":"PROCESSED"}}`
	})
	s, err := submit(t.Context(), g, slices.Repeat([]payload{{ID: "a"}}, 20), concurrency)
	if err != nil {
		t.Fatal(err)
	}
	if got := most.Load(); got != concurrency {
		t.Errorf("got %d under way at a time, want %d", got, concurrency)
	}
	if s.payloads != 20 || s.duplicates != 20 || len(s.latencies) != 20 || s.latencies[0] <= 0 {
		t.Errorf("got %+v, want 20 payloads, all duplicates", s)
	}
}

func TestWithinIsTheLatencyThatSoManyStayBelow(t *testing.T) {
	t.Parallel()
	var s submission
	for i := range 200 {
		s.latencies = append(s.latencies, time.Duration(i+1)*time.Millisecond)
	}
	if s.within(50) != "100.0 ms" || s.within(99) != "198.0 ms" || s.within(100) != "200.0 ms" {
		t.Errorf("got %s, %s and %s", s.within(50), s.within(99), s.within(100))
	}
	s.latencies = s.latencies[:1]
	if s.within(50) != "1.0 ms" || s.within(99) != "1.0 ms" {
		t.Errorf("of one, got %s and %s", s.within(50), s.within(99))
	}
}

// answering returns a gateway whose processPayload answers what next returns.
func answering(t *testing.T, connections int, next func(context.Context) string) *gateway {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"data":{"processPayload":%s}}`, next(r.Context()))
	}))
	t.Cleanup(server.Close)
	g := newGateway(server.URL, connections)
	t.Cleanup(g.close)
	return g
}
