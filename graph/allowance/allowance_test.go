package allowance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"barograph/auth"
	"barograph/graph"
	"barograph/graph/allowance"
	"barograph/internal/gatewaytest"
	"barograph/internal/ratelimit"
)

func TestMain(m *testing.M) { gatewaytest.Main(m) }

// gateway starts one where everybody has the limit. Its log is the gateway's.
func gateway(t *testing.T, limit ratelimit.Limit, change func(*allowance.Config)) *gatewaytest.Gateway {
	t.Helper()
	clock := ratelimit.Monotonic()
	return gatewaytest.New(t, func(c *graph.Config) {
		config := allowance.Config{
			Buckets: ratelimit.NewLocal("test", limit, 1000, clock), Operations: 100, Subscriptions: 100, Report: allowance.Always,
			Clock: clock, Logger: c.Logger,
		}
		if change != nil {
			change(&config)
		}
		c.Allowance = allowance.New(config)
	})
}

// An answer is what came back, and what it cost.
type answer struct {
	status int
	header http.Header
	text   string
	cost   *allowance.Told
}

// send sends a request with headers, name and value by turns.
func send(t *testing.T, method, url, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
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
	var told struct {
		Extensions struct{ Cost *allowance.Told }
	}
	_ = json.Unmarshal(text, &told) // a stream is not JSON
	return answer{res.StatusCode, res.Header, string(text), told.Extensions.Cost}
}

func post(t *testing.T, g *gatewaytest.Gateway, query string, headers ...string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return send(t, http.MethodPost, g.URL, string(body), headers...)
}

// slow comes back so slowly that a test sees nothing of it.
func slow(burst int) ratelimit.Limit { return ratelimit.Limit{Rate: 0.001, Burst: burst} }

func TestAnOperationHasBackWhatItDidNotUse(t *testing.T) {
	t.Parallel()
	g := gateway(t, slow(100_000), nil)
	left := 100_000
	for _, c := range []struct {
		query             string
		requested, actual int
	}{
		{`{ __typename }`, 1, 1},
		{`{ city(name: "Oslo") { name } }`, 1, 1},
		{`{ city(name: "Nowhereville") { name } }`, 1, 1},
		{`{ cities(names: ["Oslo", "Rome", "Lima"]) { name weather { current { temperature } } } }`, 21, 21},
		{`{ cities(names: ["Oslo", "Nowhereville", "Nowhere"]) { name weather { current { temperature } } } }`, 21, 9},
		{`{ nodes(ids: ["a", "b", "c", "d"]) { id } }`, 4, 4},
		{`{ a: cities(names: ["Oslo"]) { name } ...F ...F } fragment F on Query { b: cities(names: ["Oslo"]) { name } }`, 3, 2},
		{`{ records(first: 1000) { nodes { id city { name } } } }`, 2005, 5},
		{`{ records(first: 1000) { totalCount nodes { id } } }`, 1015, 15},
		{`mutation { submitPayloads(input: { payloads: [{ id: "a" }, { id: "b" }] }) { outcomes { __typename } } }`, 12, 12},
		{`{ pipelines(first: 50) { nodes { name } edges { cursor node { name } } } }`, 155, 8},
		{`query ($no: Boolean = false) { records(first: 10) @include(if: $no) { nodes { id } } __typename }`, 1, 1},
	} {
		got := post(t, g, c.query)
		if got.status != http.StatusOK || got.cost == nil || got.cost.Requested != c.requested || got.cost.Actual != c.actual {
			t.Errorf("%s is answered %s; want %d requested, %d used", c.query, got.text, c.requested, c.actual)
			continue
		}
		left -= c.actual
		if got.cost.Throttle != (allowance.Throttle{Maximum: 100_000, Available: left, Rate: 0.001}) {
			t.Errorf("%s: %+v, want %d left", c.query, got.cost.Throttle, left)
		}
		if header := got.header.Get("RateLimit"); !strings.HasPrefix(header, fmt.Sprintf(`"default";r=%d;t=`, left)) {
			t.Errorf("%s: the header says %s, want %d left", c.query, header, left)
		}
		if policy := got.header.Get("RateLimit-Policy"); policy != `"default";q=100000;w=100000000` {
			t.Errorf("%s: the policy is %s", c.query, policy)
		}
	}
}

func TestWhatComesInPartsCostsWhatItDoesInOne(t *testing.T) {
	t.Parallel()
	g := gateway(t, slow(10_000), nil)
	const query = `{ cities(names: ["Oslo", "Rome", "Nowhereville"]) { name ... @defer { weather { current { temperature } } country } } }`
	whole := post(t, g, query)
	parts := post(t, g, query, "Accept", "multipart/mixed;incrementalSpec=v0.2")
	if whole.cost == nil || whole.cost.Actual != 15 {
		t.Fatalf("in one piece it is %s", whole.text)
	}
	if !strings.Contains(parts.text, `"requestedQueryCost":21,"actualQueryCost":15,`) {
		t.Errorf("in parts it is %s", parts.text)
	}
	if after := post(t, g, `{ __typename }`); after.cost.Throttle.Available != 10_000-15-15-1 {
		t.Errorf("%d are left", after.cost.Throttle.Available)
	}
}

func TestAnswersTellWhatTheyCostAsTheyAreAskedTo(t *testing.T) {
	t.Parallel()
	for report, want := range map[allowance.Report][4]bool{ // to POST, asked, to GET, asked
		allowance.Always: {true, true, false, true}, allowance.Asked: {false, true, false, true}, allowance.Never: {},
	} {
		g := gateway(t, slow(1000), func(c *allowance.Config) { c.Report = report })
		get := g.URL + "?query=%7B__typename%7D"
		for i, got := range []answer{
			post(t, g, `{ __typename }`), post(t, g, `{ __typename }`, allowance.ReportHeader, "1"),
			send(t, http.MethodGet, get, ""), send(t, http.MethodGet, get, "", allowance.ReportHeader, "1"),
		} {
			if (got.cost != nil) != want[i] || got.header.Get("RateLimit") == "" {
				t.Errorf("%s, %d: answered %s %v", report, i, got.text, got.header)
			}
		}
	}
}

func TestEachPrincipalHasABucket(t *testing.T) {
	t.Parallel()
	g := gateway(t, slow(3), nil)
	one := g.As(&auth.Principal{Name: "one", Kind: auth.Key, Scopes: auth.All})
	for range 3 {
		if got := one.Ask(t, `{ __typename }`, nil); len(got.Errors) > 0 {
			t.Fatalf("answered %+v within the limit", got.Errors)
		}
	}
	for range 3 {
		if err := one.Error(t, `{ __typename }`, nil); err.Extensions.Code != "RATE_LIMITED" || !err.Extensions.Retryable || err.Extensions.RetryAfterMs < 900_000 {
			t.Errorf("answered %+v beyond it", err)
		}
	}
	if got := post(t, g, `{ __typename }`); got.status != http.StatusOK {
		t.Errorf("another principal is answered %s", got.text)
	}
	if n := strings.Count(g.Logs.String(), `"principal":"one"`); n != 1 {
		t.Errorf("the principal is logged %d times within a minute, want once", n)
	}
}

// It is 429 in either media type, with when to come again; the rest of a batch is
// answered.
func TestWhoeverIsLimitedIsToldSoByHTTP(t *testing.T) {
	t.Parallel()
	g := gateway(t, slow(2), nil)
	batch := send(t, http.MethodPost, g.URL, `[{"query":"{__typename}"},{"query":"{__typename}"},{"query":"{__typename}"}]`)
	if batch.status != http.StatusOK || strings.Count(batch.text, `"data"`) != 2 || strings.Count(batch.text, "RATE_LIMITED") != 1 {
		t.Errorf("a batch of three is answered %d %s, want two of them", batch.status, batch.text)
	}
	for _, accept := range []string{"application/json", "application/graphql-response+json", "multipart/mixed;incrementalSpec=v0.2, application/json"} {
		got := post(t, g, `{ __typename }`, "Accept", accept)
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || got.header.Get("RateLimit") == "" || !strings.Contains(got.text, `"retryAfterMs"`) {
			t.Errorf("%s: answered %d %v %s", accept, got.status, got.header, got.text)
		}
	}
}

// What is refused since it cannot be had in this way costs what is asked in vain.
func TestWhatDoesNotBeginAfterAllCostsOne(t *testing.T) {
	t.Parallel()
	g := gateway(t, slow(10_000), nil)
	const mutation = `mutation { refreshWeather(input: { cities: ["Oslo"] }) { problems { code } } }`
	inURL := g.URL + "?query=" + url.QueryEscape(mutation)
	token := send(t, http.MethodPut, g.URL, "").text
	on := func(token, id, query string) answer {
		body, err := json.Marshal(map[string]any{"query": query, "extensions": map[string]string{"operationId": id}})
		if err != nil {
			t.Fatal(err)
		}
		return send(t, http.MethodPost, g.URL, string(body), "X-GraphQL-Event-Stream-Token", token)
	}
	if got := on(token, "1", now); got.status != http.StatusAccepted {
		t.Fatalf("a subscription on a stream is answered %d %s", got.status, got.text)
	}
	for what, c := range map[string]struct {
		ask    func() answer
		status int
	}{
		"a subscription by POST":       {func() answer { return post(t, g, now) }, http.StatusBadRequest},
		"a mutation by GET":            {func() answer { return send(t, http.MethodGet, inURL, "") }, http.StatusMethodNotAllowed},
		"a mutation by GET, as events": {func() answer { return send(t, http.MethodGet, inURL, "", "Accept", "text/event-stream") }, http.StatusMethodNotAllowed},
		"a query as the parts of a subscription": {
			func() answer {
				return post(t, g, `{ weather(city: "Oslo") { id } }`, "Accept", "multipart/mixed;subscriptionSpec=1.0")
			}, http.StatusNotAcceptable,
		},
		"a subscription as the parts of a query": {
			func() answer { return post(t, g, now, "Accept", "multipart/mixed;incrementalSpec=v0.2") }, http.StatusNotAcceptable,
		},
		"one more by the same id": {func() answer { return on(token, "1", now) }, http.StatusConflict},
	} {
		before := post(t, g, `{ __typename }`).cost.Throttle.Available
		got := c.ask()
		after := post(t, g, `{ __typename }`).cost.Throttle.Available
		if got.status != c.status || before-after != 2 {
			t.Errorf("%s: answered %d %s for %d, want %d for one", what, got.status, got.text, before-after-1, c.status)
		}
	}
}

// now is a subscription that says something at once.
const now = `subscription { weatherChanged(city: "Oslo") { current { temperature } } }`

func TestSubscriptionsOfAPrincipalAreBoundedOnAllConnections(t *testing.T) {
	t.Parallel()
	g := gateway(t, slow(100_000), func(c *allowance.Config) { c.Subscriptions = 3 })
	one, two := dial(t, g), dial(t, g)
	one.begins("1", now)
	one.begins("2", now)
	two.begins("3", now)
	two.subscribe("4", now)
	if m := two.hear(); m.ID != "4" || m.Type != "error" || !strings.Contains(string(m.Payload), `"RATE_LIMITED"`) || !strings.Contains(string(m.Payload), "3 subscriptions of yours") {
		t.Errorf("the fourth is answered %+v", m)
	}
	if got := post(t, g, now, "Accept", "text/event-stream"); !strings.Contains(got.text, "RATE_LIMITED") {
		t.Errorf("over server-sent events, it is answered %s", got.text)
	}
	two.begins("query", `{ __typename }`)
	one.say(message{ID: "1", Type: "complete"})
	two.until("there is room", now)
}

func TestOperationsOfAPrincipalAreBounded(t *testing.T) {
	t.Parallel()
	g := gateway(t, slow(100_000), func(c *allowance.Config) { c.Operations = 1 })
	for range 3 { // each makes room for the next
		for _, query := range []string{`{ __typename }`, `{ city(name: "Nowhereville") { name } }`, `{ a`} {
			if got := post(t, g, query); got.status != http.StatusOK {
				t.Fatalf("%s is answered %s", query, got.text)
			}
		}
	}

	// While one waits for the weather, none of twenty others begins.
	asked, say := make(chan struct{}), make(chan struct{})
	g.Upstream.Fail(func(gatewaytest.Call) gatewaytest.Failure {
		close(asked)
		<-say
		return gatewaytest.Failure{}
	})
	waiting := make(chan gatewaytest.Answer, 1)
	go func() { waiting <- g.Ask(t, `{ weather(city: "Oslo") { id } }`, nil) }()
	<-asked
	got := send(t, http.MethodPost, g.URL, `[`+strings.TrimSuffix(strings.Repeat(`{"query":"{ __typename }"},`, 20), ",")+`]`)
	if strings.Count(got.text, "1 operations of yours") != 20 {
		t.Errorf("twenty beside one are answered %s, want each refused", got.text)
	}
	close(say)
	if got := <-waiting; len(got.Errors) > 0 {
		t.Errorf("the one that waited is answered %+v", got.Errors)
	}
}

// Who subscribes, has one event and leaves before there is enough to pay for it pays
// all the same.
func TestAnEventIsPaidForByWhoLeavesAfterIt(t *testing.T) {
	t.Parallel()
	const each = 5 + 1 + 100 // the weather, the current one, the hours
	g := gateway(t, slow(2*each-1), func(c *allowance.Config) { c.Subscriptions = 1 })
	s := dial(t, g)
	const dear = `subscription { weatherChanged(city: "Oslo") { current { temperature } hourly(hours: 100) { temperature } } }`
	s.begins("one", dear)
	s.say(message{ID: "one", Type: "complete"})
	for range each - 2 { // until it has left
		s.subscribe("two", dear)
		m := s.hear()
		for m.ID != "two" {
			m = s.hear()
		}
		if m.Type != "error" {
			t.Fatalf("the second one is answered %s, want it refused", m.Type)
		}
		if !strings.Contains(string(m.Payload), "1 subscriptions of yours") {
			if !strings.Contains(string(m.Payload), "this costs 106") {
				t.Errorf("the second one is answered %s", m.Payload)
			}
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Error("the first one never leaves")
}

func TestEventsArePaidForAndNoneIsLost(t *testing.T) {
	t.Parallel()
	g := gateway(t, ratelimit.Limit{Rate: 20, Burst: 40}, func(c *allowance.Config) { c.Logger = slog.New(slog.DiscardHandler) })
	sender := 0
	process := func(id string) { // by somebody who has paid for nothing yet
		t.Helper()
		sender++
		rich := g.As(&auth.Principal{Name: fmt.Sprint("rich", sender), Kind: auth.Key, Scopes: auth.All})
		if got := rich.Ask(t, fmt.Sprintf(`mutation { processPayload(input: { payload: { id: %q } }) { duplicate } }`, id), nil); len(got.Errors) > 0 {
			t.Fatalf("answered %+v", got.Errors)
		}
	}
	s := dial(t, g)
	s.subscribe("1", `subscription { recordChanged { record { payloadId pipeline { name } } } }`)
	probing := time.NewTicker(100 * time.Millisecond)
	defer probing.Stop()
	for running := false; !running; { // an event shows that it does
		process(fmt.Sprint("probe", sender))
		select {
		case m := <-s.messages:
			running = m.Type == "next"
		case <-probing.C:
		}
	}
	const events = 40
	start := time.Now()
	for i := range events {
		process(fmt.Sprintf("p%02d", i))
	}
	for i := 0; i < events; {
		m := s.hear()
		if m.Type != "next" {
			t.Fatalf("event %d is %+v", i, m)
		}
		if strings.Contains(string(m.Payload), "probe") {
			continue
		}
		if !strings.Contains(string(m.Payload), fmt.Sprintf(`"p%02d"`, i)) {
			t.Fatalf("event %d is %s", i, m.Payload)
		}
		i++
	}
	// Each is an event, a record and a pipeline: 3, of which 40 may be saved and 20 come
	// back a second.
	if took, least := time.Since(start), time.Duration(events*3-40-3)*time.Second/20; took < least {
		t.Errorf("%d events took %v, want at least %v", events, took, least)
	}
}
