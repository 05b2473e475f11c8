package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"barograph/pipeline"
)

// receiver is a server that steps call.
func receiver(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// posting returns a program with one HTTP step, to a server that is allowed.
func posting(t *testing.T, server *httptest.Server, options string) *pipeline.Program {
	t.Helper()
	hosts, err := pipeline.ParseHosts([]string{server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, pipeline.NewCompiler(pipeline.Kinds(nil, hosts)...), `{"steps": [{"kind": "http", "url": "`+server.URL+`/hook"`+options+`}]}`)
}

func TestHTTPPostsTheValue(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, ` {"n": 1.50} `)
	})
	p := posting(t, server, `, "as": "response"`)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	ctx := trace.ContextWithSpanContext(t.Context(), span)
	const text = `{"id":"ü","n":"\n","x":9007199254740993}`
	o := p.Run(ctx, []*pipeline.Job{{Payload: parse(t, text), Attempt: 1, At: noon}})[0]
	if o.Failure != nil || !strings.Contains(string(o.Result), `"response": {"n": 1.50} `) && !strings.Contains(string(o.Result), `"response":{"n": 1.50}`) {
		t.Errorf("Run = %s, %v", o.Result, o.Failure)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/hook" || string(body) != text || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %s with %s", got.Method, got.URL, body)
	}
	if key := got.Header.Get("Idempotency-Key"); len(key) != 34 || key[0] != '"' {
		t.Errorf("Idempotency-Key: %s", key)
	}
	if !strings.HasPrefix(got.Header.Get("Traceparent"), "00-01") {
		t.Errorf("Traceparent: %s", got.Header.Get("Traceparent"))
	}
	if p.Pure() {
		t.Error("a program that calls a server is pure")
	}
}

func TestTheIdempotencyKeyIsThatOfTheRecord(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	keys := map[string]int{}
	server := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		keys[r.Header.Get("Idempotency-Key")]++
	})
	hosts, err := pipeline.ParseHosts([]string{server.URL})
	if err != nil {
		t.Fatal(err)
	}
	step := `{"kind": "http", "url": "` + server.URL + `"}`
	run := func(name, steps, id string, attempt int) {
		p, err := pipeline.NewCompiler(pipeline.Kinds(nil, hosts)...).Compile(name, attempt, json.RawMessage(`{"steps": [`+steps+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		o := p.Run(t.Context(), []*pipeline.Job{{Payload: parse(t, `{"id":"`+id+`"}`), Attempt: attempt, At: time.Now()}})[0]
		if o.Failure != nil {
			t.Errorf("Run: %v", o.Failure)
		}
	}
	run("a", step, "1", 1)
	run("a", `{"kind": "filter", "expression": "true"}, `+step, "1", 2) // another version, another attempt
	if len(keys) != 1 {
		t.Errorf("one record has the keys %v", keys)
	}
	run("a", step, "2", 1)
	run("b", step, "1", 1)
	run("a", step+","+step, "3", 1)
	if len(keys) != 5 {
		t.Errorf("five calls have the keys %v", keys)
	}
}

func TestHTTPFailsWithoutTheHostsWords(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer  http.HandlerFunc
		options string
		want    string
		calls   int64
	}{
		"a refusal":     {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", http.StatusForbidden) }, ``, "the host answered 403 Forbidden", 1},
		"an odd status": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(599) }, ``, "the host answered 599 ", 1},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/else", http.StatusTemporaryRedirect)
		}, ``, "the host answered 307 Temporary Redirect", 1},
		"always busy": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, ``, "the host answered 503 Service Unavailable", 3},
		"no JSON":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"secret":1,"secret":2}`) }, `, "as": "r"`, "the host's answer is no JSON", 1},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `"`+strings.Repeat("x", 300<<10)+`"`)
		}, `, "as": "r"`, "the host's answer is too large", 1},
		"no answer":     {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, `, "timeoutMs": 50`, "the host did not answer in time", 1},
		"a broken line": {func(w http.ResponseWriter, _ *http.Request) { hangUp(w) }, `, "timeoutMs": 20000`, "the host cannot be reached", 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // or the server would not notice that the caller has left
				c.answer(w, r)
			})
			o := runOne(t, posting(t, server, c.options), `{"id":"a"}`)
			if o.Failure == nil || o.Failure.Step != "steps[0] (http)" || !strings.HasPrefix(o.Failure.Message, c.want) || strings.Contains(o.Failure.Message, "secret") {
				t.Errorf("Run = %s, %v, want %s", o.Result, o.Failure, c.want)
			}
			if calls.Load() != c.calls {
				t.Errorf("%d calls, want %d", calls.Load(), c.calls)
			}
		})
	}
}

func hangUp(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func TestHTTPTriesAgainWithinItsStep(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	if o := runOne(t, posting(t, server, `, "as": "r"`), `{"id":"a"}`); o.Failure != nil || !strings.Contains(string(o.Result), `"r":null`) || calls.Load() != 2 {
		t.Errorf("Run = %s, %v, after %d calls", o.Result, o.Failure, calls.Load())
	}
}

func TestACallThatFailsIsThatOfItsJob(t *testing.T) {
	t.Parallel()
	var most, now atomic.Int64
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		var payload struct{ N int }
		_ = json.NewDecoder(r.Body).Decode(&payload)
		if payload.N%2 == 1 {
			w.WriteHeader(http.StatusConflict)
		}
	})
	var jobs []*pipeline.Job
	for n := range 40 {
		jobs = append(jobs, &pipeline.Job{Payload: parse(t, fmt.Sprintf(`{"id":"%d","N":%[1]d}`, n)), Attempt: 1, At: noon})
	}
	for n, o := range posting(t, server, ``).Run(t.Context(), jobs) {
		if (o.Failure != nil) != (n%2 == 1) {
			t.Errorf("job %d: %v", n, o.Failure)
		}
	}
	if most.Load() > 16 {
		t.Errorf("%d calls at once, want 16 at most", most.Load())
	}
}

func TestHTTPCallsNoAddressInside(t *testing.T) {
	t.Parallel()
	called := false
	server := receiver(t, func(http.ResponseWriter, *http.Request) { called = true })
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, host := range []string{"localhost:" + port, "127.0.0.1.nip.invalid:" + port} {
		hosts, err := pipeline.ParseHosts([]string{host})
		if err != nil {
			t.Fatal(err)
		}
		p := compile(t, pipeline.NewCompiler(pipeline.Kinds(nil, hosts)...), `{"steps": [{"kind": "http", "url": "https://`+host+`/", "timeoutMs": 3000}]}`)
		if o := runOne(t, p, `{"id":"a"}`); o.Failure == nil || called {
			t.Errorf("%s: %+v", host, o)
		} else if strings.HasPrefix(host, "localhost") && o.Failure.Message != "the host's name leads to an address that steps may not call" {
			t.Errorf("%s: %v", host, o.Failure)
		}
	}
}

func TestParseHostsAllowsWhatIsWritten(t *testing.T) {
	t.Parallel()
	entries := []string{"hooks.example.com", "Api.Example.com:8443", "*.example.org", "http://billing.internal:8080", "https://10.0.0.7"}
	hosts, err := pipeline.ParseHosts(entries)
	if err != nil {
		t.Fatal(err)
	}
	c := pipeline.NewCompiler(pipeline.HTTP(hosts))
	for url, allowed := range map[string]bool{
		"https://hooks.example.com/x?y": true, "https://hooks.example.com:443/": true, "https://HOOKS.example.com": true,
		"http://hooks.example.com/": false, "https://hooks.example.com:8443/": false, "https://hooks.example.com.evil.net/": false,
		"https://api.example.com:8443/": true, "https://api.example.com/": false,
		"https://a.example.org/": true, "https://a.b.example.org/": true, "https://example.org/": false, "https://aexample.org/": false,
		"http://billing.internal:8080/": true, "https://billing.internal:8080/": false, "http://billing.internal/": false,
		"https://10.0.0.7/": true, "https://10.0.0.8/": false, "https://hooks.example.com@10.0.0.8/": false, "file:///etc/passwd": false, "": false,
	} {
		_, err := c.Compile("a", 1, json.RawMessage(`{"steps": [{"kind": "http", "url": "`+url+`"}]}`))
		if (err == nil) != allowed {
			t.Errorf("%s: %v, want it allowed: %t", url, err, allowed)
		}
	}
	for _, entry := range []string{"", "*", "a b", "ftp://a", "a/b", "http://*.example.com", "*example.com", "a.*.com", "https://a@b", "a?b", "a:b"} {
		if _, err := pipeline.ParseHosts([]string{entry}); err == nil {
			t.Errorf("ParseHosts(%q) takes it", entry)
		}
	}
}

func TestTryShowsTheCallAndMakesNone(t *testing.T) {
	t.Parallel()
	p := compile(t, compiler(), `{"steps": [
		{"kind": "enrich", "as": "weather"},
		{"kind": "http", "url": "https://hooks.example.com/", "as": "response"},
		{"kind": "filter", "expression": "value.response.ok"},
		{"kind": "transform", "expression": "{'t': value.weather.temperature}"}
	], "attributes": {"t": {"expression": "result.t", "type": "NUMBER"}}, "orderingKey": "payload.id"}`)
	city := int64(7)
	try := func(answers string) pipeline.Trial {
		payload := parse(t, `{"id":"a"}`)
		a, err := p.Admit(context.Background(), payload)
		if err != nil {
			t.Fatal(err)
		}
		given, err := pipeline.ParseAnswers(json.RawMessage(answers))
		if err != nil {
			t.Fatal(err)
		}
		return p.Try(t.Context(), &pipeline.Job{Payload: payload, CityID: &city, At: noon}, a, given)
	}
	trial := try(`{"response":{"ok":true}}`)
	if len(trial.Steps) != 4 || *trial.OrderingKey != "a" || string(trial.Result) != `{"t":7.5}` || string(trial.Attributes) != `{"t":7.5}` || trial.Failure != nil {
		t.Errorf("Try = %+v", trial)
	}
	if s := trial.Steps[1]; !strings.Contains(string(s.Request), `"url":"https://hooks.example.com/"`) || !strings.Contains(string(s.Request), `"Idempotency-Key":"\"`) ||
		!strings.Contains(string(s.Request), `"body":{"id":"a","weather":`) || !strings.Contains(string(s.Value), `"response":{"ok":true}`) {
		t.Errorf("the call is %+v: %s", s, s.Request)
	}
	if trial := try(`{"response":{"ok":false}}`); !trial.Skipped || len(trial.Steps) != 3 || !trial.Steps[2].Skipped || trial.Result != nil {
		t.Errorf("Try of what is skipped = %+v", trial)
	}
	if trial := try(`{}`); trial.Failure == nil || trial.Failure.Step != "steps[2] (filter)" || trial.Steps[2].Failure == nil {
		t.Errorf("Try of what fails = %+v", trial)
	}
	for _, answers := range []string{`7`, `[]`, `null`, `{"a":"` + strings.Repeat("x", 300<<10) + `"}`} {
		if _, err := pipeline.ParseAnswers(json.RawMessage(answers)); err == nil {
			t.Errorf("ParseAnswers(%.20s) takes it", answers)
		}
	}
}
