package transport_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const ping = ":\n\n"

var wantsEvents = header{"Accept": "text/event-stream"}

func get(query string, more ...string) string {
	values := url.Values{"query": {query}}
	for i := 0; i < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	return "/?" + values.Encode()
}

func TestEventsCarryASubscriptionByPostAndByGet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ method, target, body string }{
		"POST": {http.MethodPost, "/", subscription},
		"GET":  {http.MethodGet, get("subscription { tick }"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			res := serve(t, all(time.Hour), clock.executor()).call(t.Context(), t, c.method, c.target, c.body, wantsEvents)
			for name, want := range map[string]string{
				"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Length": "",
			} {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			reads(t, res, ping)
			clock.ticks <- tick{data: "{\"tick\":\r\n\"1\"}"}
			reads(t, res, "event: next\ndata: {\"data\":{\"tick\":  \"1\"}}\n\n")
			clock.ticks <- tick{id: "b", data: `{"tick":"2"}`}
			reads(t, res, "id: b\nevent: next\ndata: {\"data\":{\"tick\":\"2\"}}\n\n")
			clock.ticks <- tick{id: "c\nevent: evil", data: `{"tick":"3"}`}
			reads(t, res, "event: next\ndata: {\"data\":{\"tick\":\"3\"}}\n\n")
			close(clock.ticks)
			reads(t, res, "event: complete\ndata: \n\n")
			if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
				t.Errorf("%q and %v after the end", rest, err)
			}
		})
	}
}

func TestEventsResumeAfterTheLastOne(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := serve(t, all(time.Hour), clock.executor())
	for _, c := range []struct {
		target string
		h      header
		want   string
	}{
		{get("subscription { tick }"), header{"Accept": "text/event-stream", "Last-Event-ID": "a"}, "a"},
		{get("subscription { tick }", "lastEventId", "b"), wantsEvents, "b"},
		{get("subscription { tick }", "lastEventId", "b"), header{"Accept": "text/event-stream", "Last-Event-ID": "c"}, "c"},
		{get("subscription { tick }"), wantsEvents, ""},
	} {
		s.call(t.Context(), t, http.MethodGet, c.target, "", c.h)
		if got := <-clock.after; got != c.want {
			t.Errorf("it resumes after %q, want %q", got, c.want)
		}
	}
}

func TestEventsKeepTheConnection(t *testing.T) {
	t.Parallel()
	clock := newClock()
	res := serve(t, all(50*time.Millisecond), clock.executor()).call(t.Context(), t, http.MethodPost, "/", subscription, wantsEvents)
	reads(t, res, strings.Repeat(ping, int(deadline/(50*time.Millisecond))+5)) // for longer than the server's deadlines
	close(clock.ticks)
}

func TestEventsSayWhyTheyEnd(t *testing.T) {
	t.Parallel()
	const stopping = "event: next\ndata: {\"errors\":[{\"message\":\"the server is stopping; another one will serve\"}]}\n\nevent: complete\ndata: \n\n"
	clock := newClock()
	s := serve(t, all(time.Hour), clock.executor())
	slow := s.call(t.Context(), t, http.MethodPost, "/", subscription, wantsEvents)
	clock.ticks <- tick{err: errFast}
	reads(t, slow, ping+"event: next\ndata: {\"errors\":[{\"message\":\"changes came faster than they were taken\"}]}\n\nevent: complete\ndata: \n\n")
	open := s.call(t.Context(), t, http.MethodPost, "/", subscription, wantsEvents)
	reads(t, open, ping)
	s.drain.Begin()
	reads(t, open, stopping)
	late := s.call(t.Context(), t, http.MethodPost, "/", subscription, wantsEvents)
	reads(t, late, ping+stopping)
}

func TestEventsCarryEveryOperation(t *testing.T) {
	t.Parallel()
	s := serve(t, all(time.Hour), newClock().executor())
	const done, complete = `"done"}}` + "\n\n", "event: complete\ndata: \n\n"
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		want                 string
	}{
		"a query":                  {http.MethodPost, "/", `{"query":"{ time }"}`, 200, ping + `event: next` + "\n" + `data: {"data":{"query": ` + done + complete},
		"a query by GET":           {http.MethodGet, get("{ time }"), "", 200, ping + `event: next` + "\n" + `data: {"data":{"query": ` + done + complete},
		"a mutation":               {http.MethodPost, "/", `{"query":"mutation { wind }"}`, 200, `{"data":{"mutation": ` + done + complete},
		"a mutation by GET":        {http.MethodGet, get("mutation { wind }"), "", 405, `BAD_REQUEST`},
		"an invalid one":           {http.MethodPost, "/", `{"query":"{ nothing }"}`, 200, "event: next\ndata: {\"errors\":["},
		"an invalid subscription":  {http.MethodGet, get("subscription { nothing }"), "", 200, "}]}\n\n" + complete},
		"one that cannot be read":  {http.MethodPost, "/", `{"query":`, 400, `BAD_REQUEST`},
		"another method":           {http.MethodPatch, "/", `{"query":"{ time }"}`, 405, `BAD_REQUEST`},
		"what is served":           {http.MethodOptions, "/?token=guessed", "", 204, ""},
		"stopping without a token": {http.MethodDelete, "/?operationId=a", "", 404, `token is not known`},
	} {
		res := s.call(t.Context(), t, c.method, c.target, c.body, wantsEvents)
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != c.status || !strings.Contains(string(text), c.want) {
			t.Errorf("%s: %d %q %v, want %d %q", name, res.StatusCode, text, err, c.status, c.want)
		}
	}
}
