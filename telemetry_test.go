package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

var adminAddress = regexp.MustCompile(`Admin +(http://\S+)/metrics`)

// admin returns where a gateway serves its operators.
func (g *gateway) admin(t *testing.T) string {
	t.Helper()
	found := adminAddress.FindStringSubmatch(g.out.String())
	if found == nil {
		t.Fatalf("it does not say where operators are served:\n%s", g.out)
	}
	return found[1]
}

// get fetches a URL with headers, name and value by turns.
func get(t *testing.T, url string, headers ...string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// observed starts a gateway that operators can look into.
func observed(t *testing.T, args ...string) *gateway {
	t.Helper()
	return serve(t, filepath.Join(tempDir(t), "data"), append([]string{"--admin-listen", "127.0.0.1:0", "--log-level", "debug", "--log-format", "json"}, args...)...)
}

// marked is in every payload that keepBusy sends, and must never be seen.
const marked = "hunter2-payload"

// keepBusy makes a gateway do a bit of everything, failures among it.
func keepBusy(t *testing.T, g *gateway, round int) {
	t.Helper()
	const process = `mutation Process($p: JSON!) { processPayload(input: { payload: $p }) { duplicate problems { code } record { result } } }`
	id := fmt.Sprint("p", round)
	for _, ask := range []struct {
		query     string
		variables map[string]any
		want      string // in the answer, data and errors
	}{
		{`query Cities { cities(names: ["Mumbai", "Oslo", "Lima"]) { name weather { current { temperature } } } }`, nil, `"temperature"`},
		{`query Unknown { city(name: "Nowhereville") { name } }`, nil, "NOT_FOUND"},
		{`query Invalid { nothing }`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{process, map[string]any{"p": map[string]any{"id": id, "note": marked}}, `"duplicate":false`},
		{process, map[string]any{"p": map[string]any{"id": id, "note": marked}}, `"duplicate":true`},
		{process, map[string]any{"p": map[string]any{"id": id, "note": marked + "!"}}, "PAYLOAD_CONFLICT"},
		{process, map[string]any{"p": map[string]any{"note": marked}}, "PAYLOAD_ID_MISSING"},
		{process, map[string]any{"p": marked}, "PAYLOAD_NOT_OBJECT"},
		{`query Records { records { nodes { payloadId pipeline { name } } totalCount } }`, nil, `"totalCount"`},
	} {
		answer, err := g.ask(t.Context(), ask.query, ask.variables)
		if all := fmt.Sprintf("%s %+v", answer.Data, answer.Errors); err != nil || !strings.Contains(all, ask.want) {
			t.Fatalf("%s: %s, %v, want %s; the program printed:\n%s", ask.query, all, err, ask.want, g.out)
		}
	}
	if lines := g.ingest(t, "default", fmt.Sprintf("{\"id\":\"line%d\"}\n{\"note\":%q}\n", round, marked)); !strings.Contains(lines, `"accepted":1`) || !strings.Contains(lines, `"rejected":1`) {
		t.Fatalf("two lines are answered %s", lines)
	}
	if status, _, _ := g.get(t, aCity, "Bearer "+marked, ""); status != http.StatusUnauthorized {
		t.Fatalf("a bad token is answered %d", status)
	}
	if lines := g.ingest(t, "nowhere", ""); !strings.Contains(lines, "PIPELINE_NOT_FOUND") {
		t.Fatalf("an unknown pipeline is answered %s", lines)
	}
	later := fmt.Sprintf(`mutation Submit { submitPayloads(input: { payloads: [{ id: "later%d" }] }) { outcomes { __typename } } }`, round)
	if answer, err := g.ask(t.Context(), later, nil); err != nil || !strings.Contains(string(answer.Data), "Accepted") {
		t.Fatalf("%s: %s, %v; the program printed:\n%s", later, answer.Data, err, g.out)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		answer, err := g.ask(t.Context(), fmt.Sprintf(`query Later { record(payloadId: "later%d") { state } }`, round), nil)
		if err == nil && strings.Contains(string(answer.Data), "PROCESSED") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("what was submitted is %s, %v; the program printed:\n%s", answer.Data, err, g.out)
		}
	}
}

func TestOperatorsSeeMetricsProfilesAndTheBuild(t *testing.T) {
	t.Parallel()
	g := observed(t)
	keepBusy(t, g, 0)
	for path, want := range map[string]string{
		"/metrics":               `graphql_server_operations_total{graphql_operation_name="Cities",graphql_operation_type="query"} 1`,
		"/buildinfo":             `"go":"go1.`,
		"/debug/pprof/goroutine": "",
	} {
		if status, body := get(t, g.admin(t)+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("GET %s = %d %.2000s, want %s", path, status, body, want)
		}
	}
	if status, _ := get(t, g.url+"/metrics"); status != http.StatusNotFound {
		t.Errorf("GET /metrics where GraphQL is served = %d, want 404", status)
	}
}

func TestRefusedRequestsAreCounted(t *testing.T) {
	t.Parallel()
	g := observed(t)
	for _, path := range []string{"/graphql", "/graphql", "/graphql?query=mutation%7B__typename%7D"} {
		if status := g.status(t, path); status < 400 {
			t.Errorf("GET %s = %d, want a refusal", path, status)
		}
	}
	_, body := get(t, g.admin(t)+"/metrics")
	for status, n := range map[int]int{http.StatusBadRequest: 2, http.StatusMethodNotAllowed: 1} {
		if want := fmt.Sprintf("barograph_http_refused_requests_total{http_response_status_code=\"%d\"} %d\n", status, n); !strings.Contains(body, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestNamesOfOperationsAreBoundedInMetrics(t *testing.T) {
	t.Parallel()
	g := observed(t)
	for i := range 200 {
		g.data(t, fmt.Sprintf(`query Q%d { __typename }`, i), nil)
	}
	g.data(t, `query `+strings.Repeat("Long", 100)+` { __typename }`, nil)
	_, metrics := get(t, g.admin(t)+"/metrics")
	names := regexp.MustCompile(`(?m)^graphql_server_operations_total\{.*graphql_operation_name="([^"]*)"`).FindAllStringSubmatch(metrics, -1)
	if len(names) < 10 || len(names) > 70 || !strings.Contains(metrics, `graphql_operation_name="(other)"`) || strings.Contains(metrics, "LongLong") {
		t.Errorf("%d names of 201 in metrics, want some 64 and (other): %v", len(names), names)
	}
}

func TestRequestsAreFoundInTheLogs(t *testing.T) {
	t.Parallel()
	g := observed(t)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/graphql", strings.NewReader(`{"query":"query Mine { weather(city: \"Oslo\") { id } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "X-Request-Id": {"mine-1"}, "Traceparent": {"00-" + trace + "-b7ad6b7169203331-01"},
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if got := res.Header.Get("X-Request-Id"); got != "mine-1" {
		t.Errorf("X-Request-Id = %q, want mine-1", got)
	}
	g.signal(t, syscall.SIGTERM)
	g.wait(t) // so that all it logged has been read
	seen := map[string]bool{}
	for line := range strings.Lines(g.out.String()) {
		var l struct {
			Msg, Operation string
			RequestID      string `json:"request_id"`
			TraceID        string `json:"trace_id"`
			SpanID         string `json:"span_id"`
			Elapsed        int
		}
		if json.Unmarshal([]byte(line), &l) != nil || l.RequestID != "mine-1" {
			continue
		}
		seen[l.Msg] = true
		if l.TraceID != trace || l.SpanID == "" || l.Operation == "" || strings.HasSuffix(l.Msg, "succeeded") != (l.Elapsed > 0) {
			t.Errorf("log line %s, want the caller's trace, a span, an operation, and how long what ended took", line)
		}
	}
	for _, want := range []string{"query Mine started", "fetch weather started", "fetch weather succeeded", "query Mine succeeded"} {
		if !seen[want] {
			t.Errorf("the logs do not say %q of the request; they say:\n%s", want, g.out)
		}
	}
}

func TestLogsNeverHoldPayloads(t *testing.T) {
	t.Parallel()
	spans := newCollector(t)
	g := start(t, spans.exporting(command(t, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"),
		"--weather", "simulator", "--log-level", "debug", "--log-format", "json")))
	keepBusy(t, g, 0)
	_, metrics := get(t, g.admin(t)+"/metrics")
	g.signal(t, syscall.SIGTERM)
	g.wait(t)
	for name, text := range map[string]string{"logs": g.out.String(), "metrics": metrics, "spans": spans.text()} {
		if !strings.Contains(text, "process payload") {
			t.Errorf("the %s do not tell of what was done: %.3000s", name, text)
		}
		if i := strings.Index(text, marked); i >= 0 {
			t.Errorf("the %s hold a payload: %s", name, text[max(0, i-300):i+50])
		}
	}
}

func TestASecondGatewayGivesWayAtTheDefaultAddressForOperators(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", defaultAdminListen)
	if err == nil {
		t.Cleanup(func() { _ = taken.Close() })
	} // else another has it, which is as good
	g := serve(t, filepath.Join(tempDir(t), "data"), "--admin-listen", defaultAdminListen)
	if want := "none, for " + defaultAdminListen + " is in use"; !strings.Contains(g.out.String(), want) {
		t.Errorf("it does not say %q:\n%s", want, g.out)
	}
	g.data(t, `{ __typename }`, nil)
}

func TestAnAddressForOperatorsThatIsInUseIsAnError(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nothing is left to do about it
	g := launch(t, command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"), "--admin-listen", taken.Addr().String()))
	want := fmt.Sprintf("--admin-listen: listen tcp %s: bind: address already in use", taken.Addr())
	if code := g.wait(t); code == 0 || !strings.Contains(g.out.String(), want) {
		t.Errorf("exit code %d, want another than 0 and %q; it printed:\n%s", code, want, g.out)
	}
}

func TestUnknownExportersAreAnError(t *testing.T) {
	t.Parallel()
	cmd := command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"))
	cmd.Env = append(cmd.Env, "OTEL_TRACES_EXPORTER=pigeon")
	g := launch(t, cmd)
	if code := g.wait(t); code == 0 || !strings.Contains(g.out.String(), "start traces") {
		t.Errorf("exit code %d, want another than 0 and what is wrong; it printed:\n%s", code, g.out)
	}
}

func TestSubscriptionsAreUnderWayUntilTheyEnd(t *testing.T) {
	t.Parallel()
	g := observed(t)
	conn, res, err := websocket.Dial(t.Context(), g.url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	}
	defer conn.CloseNow() //nolint:errcheck // it may have been closed
	for _, message := range []string{`{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":{"query":"subscription Watch { recordChanged { record { id } } }"}}`} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	active := func(n string) string {
		return `graphql_server_active_operations{graphql_operation_type="subscription"} ` + n + "\n"
	}
	const ended = `graphql_server_operations_total{graphql_operation_name="Watch",graphql_operation_type="subscription"} 1`
	waitForMetric(t, g, active("1"))
	if _, metrics := get(t, g.admin(t)+"/metrics"); strings.Contains(metrics, ended) {
		t.Error("a subscription that goes on has ended")
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	waitForMetric(t, g, active("0"))
	waitForMetric(t, g, ended)
}

// waitForMetric waits until the metrics have a line.
func waitForMetric(t *testing.T, g *gateway, line string) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		_, metrics := get(t, g.admin(t)+"/metrics")
		if strings.Contains(metrics, line) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the metrics have no %s:\n%s", line, metrics)
		}
	}
}
