package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestSubmitEndsAtWhatIsNotTakenIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ answer, want string }{
		{`null`, "submit a and 0 more: the gateway answered 0 outcomes for 1 payloads"},
		{`{"outcomes":[]}`, "submit a and 0 more: the gateway answered 0 outcomes for 1 payloads"},
		{`{"outcomes":[{"__typename":"Accepted"}]}`, "submit a: the gateway answered no record"},
		{`{"outcomes":[{"__typename":"Duplicate","record":{"payloadId":"b"}}]}`, "submit a: the gateway answered the record of b"},
		{`{"outcomes":[{"__typename":"Rejected"}]}`, "submit a: Rejected, and the gateway does not say why"},
		{`{"outcomes":[{"__typename":"Postponed"}]}`, `submit a: the gateway answered a "Postponed"`},
		{`{"outcomes":[{"__typename":"Rejected","problem":{"code":"OVERLOADED","message":"busy"}}]}`, "submit a: Rejected: OVERLOADED: busy"},
		{
			`{"outcomes":[{"__typename":"Rejected","problem":{"code":"OVERLOADED","message":"busy","retryAfterMs":3600000}}]}`,
			"submit a: Rejected: OVERLOADED: busy",
		},
	} {
		g := answering(t, "submitPayloads", 1, func(context.Context, []payload) string { return test.answer })
		_, err := submit(t.Context(), g, []payload{{ID: "a"}}, manner{sendForLater, 1, 1, time.Minute})
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestSendAndProcessTellsWhatBecameOfThePayload(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		answer string
		want   verdict
	}{
		{`{"duplicate":false,"problems":[],"record":{"payloadId":"a"}}`, accepted},
		{`{"duplicate":true,"problems":[],"record":{"payloadId":"a"}}`, duplicate},
		{`{"duplicate":false,"problems":[{"code":"STEP_FAILED","message":"no"}],"record":{"payloadId":"a"}}`, accepted},
		{`{"duplicate":false,"problems":[{"code":"PAYLOAD_CONFLICT","message":"no"}],"record":{"payloadId":"a"}}`, conflict},
		{`{"duplicate":false,"problems":[{"code":"PAYLOAD_INVALID","message":"no"}],"record":null}`, rejected},
	} {
		g := answering(t, "processPayload", 1, func(context.Context, []payload) string { return test.answer })
		outcomes, err := sendAndProcess(t.Context(), g, []payload{{ID: "a"}})
		if err != nil || len(outcomes) != 1 || outcomes[0].Verdict != test.want {
			t.Errorf("%s: got %v and %v, want %s", test.answer, outcomes, err, test.want)
		}
	}
	g := answering(t, "processPayload", 1, func(context.Context, []payload) string { return "null" })
	if _, err := sendAndProcess(t.Context(), g, []payload{{ID: "a"}}); err == nil {
		t.Error("got no error for no answer")
	}
}

func TestSubmitSendsAgainOnlyWhatTheGatewayWasTooBusyFor(t *testing.T) {
	t.Parallel()
	var calls [][]payload
	g := answering(t, "submitPayloads", 1, func(_ context.Context, payloads []payload) string {
		calls = append(calls, payloads)
		var outcomes []string
		for _, p := range payloads {
			if len(calls) == 1 && p.ID != "b" {
				outcomes = append(outcomes, `{"__typename":"Rejected","problem":{"code":"OVERLOADED","message":"busy","retryAfterMs":20}}`)
				continue
			}
			outcomes = append(outcomes, fmt.Sprintf(`{"__typename":"Accepted","record":{"payloadId":%q}}`, p.ID))
		}
		return `{"outcomes":[` + strings.Join(outcomes, ",") + `]}`
	})
	s, err := submit(t.Context(), g, []payload{{ID: "a"}, {ID: "b"}, {ID: "c"}}, manner{sendForLater, 3, 1, time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 || !slices.Equal(calls[1], []payload{{ID: "a"}, {ID: "c"}}) {
		t.Errorf("got calls of %v, want all, and then a and c", calls)
	}
	if s.resent != 2 || s.duplicates != 0 || len(s.latencies) != 2 || s.elapsed < 20*time.Millisecond {
		t.Errorf("got %+v, want 2 sent again after 20 ms", s)
	}
}

func TestSubmitKeepsToItsConcurrency(t *testing.T) {
	t.Parallel()
	const concurrency = 4
	var under, most atomic.Int64
	full := make(chan struct{})
	g := answering(t, "processPayload", 20, func(ctx context.Context, _ []payload) string {
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
		return `{"duplicate":true,"problems":[],"record":{"payloadId":"a"}}`
	})
	s, err := submit(t.Context(), g, slices.Repeat([]payload{{ID: "a"}}, 20), manner{sendAndProcess, 1, concurrency, time.Minute})
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

// answering returns a gateway whose field answers what next returns for payloads.
func answering(t *testing.T, field string, connections int, next func(context.Context, []payload) string) *gateway {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Variables struct{ Payloads []payload }
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"data":{%q:%s}}`, field, next(r.Context(), request.Variables.Payloads))
	}))
	t.Cleanup(server.Close)
	g := newGateway(server.URL, connections)
	t.Cleanup(g.close)
	return g
}
