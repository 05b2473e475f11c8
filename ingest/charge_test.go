package ingest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"barograph/ingest"
	"barograph/internal/fault"
	"barograph/internal/ratelimit"
)

// purse charges the one bucket that everybody has here.
func purse(limit ratelimit.Limit) ingest.Charge {
	buckets := ratelimit.NewLocal("test", limit, 10, ratelimit.Monotonic())
	return func(ctx context.Context, tokens int) error {
		if taken := buckets.Take(ctx, "a", tokens); !taken.OK {
			return fault.New(fault.RateLimited, "too much").After(taken.Wait)
		}
		return nil
	}
}

func TestARequestBeyondTheLimitIsNotRead(t *testing.T) {
	t.Parallel()
	m := &memory{}
	address, _ := serve(t, ingest.Config{Intake: m, Charge: purse(ratelimit.Limit{Rate: 0.01, Burst: 3})})
	structured := []string{"Content-Type", "application/cloudevents+json"}
	if got := post(t, address, "/ingest/default", event("1", "a", `{}`), structured...); got.status != 202 {
		t.Errorf("the first is answered %d %v", got.status, got.lines)
	}
	// One token is left: too few for an event, and enough for a stream of nothing.
	for _, c := range []struct {
		kind, body string
		status     int
	}{
		{"application/cloudevents+json", event("2", "a", `{}`), 429}, {ndjson, "", 200}, {ndjson, numbered(1, 1), 429},
	} {
		got := post(t, address, "/ingest/default", c.body, "Content-Type", c.kind)
		if got.status != c.status {
			t.Errorf("%s is answered %d %v, want %d", c.kind, got.status, got.lines, c.status)
		}
		if c.status == 429 && (got.header.Get("Retry-After") == "" || !strings.Contains(got.lines[0], `"code":"RATE_LIMITED"`)) {
			t.Errorf("%s is answered %v %v, want RATE_LIMITED and when to try again", c.kind, got.header, got.lines)
		}
	}
	if calls := m.calls(); len(calls) != 1 {
		t.Errorf("%d payloads were submitted, want 1", len(calls))
	}
}

func TestAStreamGoesAsFastAsItsLimit(t *testing.T) {
	t.Parallel()
	m := &memory{}
	address, _ := serve(t, ingest.Config{Intake: m, Charge: purse(ratelimit.Limit{Rate: 1000, Burst: 1001})})
	start := time.Now()
	got := post(t, address, "/ingest/default?results=summary", numbered(1, 1800), "Content-Type", ndjson)
	if took := time.Since(start); took < 700*time.Millisecond {
		t.Errorf("1800 payloads at 1000 a second after the first 1000 took %v", took)
	}
	expect(t, "1800 payloads", got.lines, `{"complete":true,"read":1800,"accepted":1800,"duplicate":0,"conflict":0,"rejected":0,"failed":0}`)
}

// A bucket may hold less than a group costs.
func TestAStreamGoesAsFastAsASmallLimit(t *testing.T) {
	t.Parallel()
	m := &memory{}
	address, _ := serve(t, ingest.Config{Intake: m, Charge: purse(ratelimit.Limit{Rate: 1000, Burst: 100}), Most: 100})
	start := time.Now()
	got := post(t, address, "/ingest/default?results=summary", numbered(1, 500), "Content-Type", ndjson)
	if took := time.Since(start); took < 350*time.Millisecond {
		t.Errorf("500 payloads at 1000 a second after the first 100 took %v", took)
	}
	expect(t, "500 payloads", got.lines, `{"complete":true,"read":500,"accepted":500,"duplicate":0,"conflict":0,"rejected":0,"failed":0}`)
}

func TestAStreamThatWaitsTooLongForItsLimitIsToldWhere(t *testing.T) {
	t.Parallel()
	m := &memory{}
	address, _ := serve(t, ingest.Config{
		Intake: m, Charge: purse(ratelimit.Limit{Rate: 0.01, Burst: 3}), Patience: ingest.Patience{Room: 300 * time.Millisecond},
	})
	talk := converse(t, address, "/ingest/default")
	talk.say(numbered(1, 1))
	expect(t, "the first", []string{talk.hear()}, `{"line":1,"id":"p1","outcome":"ACCEPTED"}`)
	talk.say(numbered(2, 2))
	expect(t, "the second", []string{talk.hear()}, `{"line":2,"id":"p2","outcome":"ACCEPTED"}`)
	talk.say(numbered(3, 3))
	expect(t, "the rest", talk.end(),
		`{"line":3,"outcome":"FAILED","problem":{"code":"RATE_LIMITED","message":"too much","retryAfterMs":…`,
		`{"complete":false,"read":3,"accepted":2,"duplicate":0,"conflict":0,"rejected":0,"failed":1,"problem":{"code":"RATE_LIMITED","message":"too much","retryAfterMs":…`)
	if m.payload("p3") != "" {
		t.Error("what was not paid for was taken in")
	}
}
