package attacks_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"barograph/auth"
)

// A tenants is a gateway that two parties share, each with a pipeline of its own
// in which is a record "one", in Mumbai.
type tenants struct {
	*gateway // as an admin asks it
	from     *issuer
}

func newTenants(t *testing.T) tenants {
	t.Helper()
	from := newIssuer(t)
	g := tenants{start(t, "--federation", "--cost-report=off", "--jwt-issuers="+from.url, "--jwt-audiences=barograph"), from}
	g.token = from.token(nil)
	for _, name := range []string{"acme", "bolt"} {
		g.tell(t, `mutation ($name: String!) { createPipeline(input: {name: $name}) { problems { code } } }`, map[string]any{"name": name})
		g.send(t, g.gateway, name, "one")
	}
	return g
}

// send takes a payload in to a pipeline, and returns what became of it.
func (g tenants) send(t *testing.T, as *gateway, name, id string) string {
	t.Helper()
	told := as.tell(t, `mutation ($name: String!, $p: JSON!) { processPayload(input: {pipeline: $name, payload: $p}) { duplicate record { id } problems { code } } }`,
		map[string]any{"name": name, "p": map[string]any{"id": id, "city": "Mumbai", "secret": "of " + name}})
	return told.String()
}

// as returns the gateway as somebody asks it with scopes, who reaches pipelines:
// all, where none is named.
func (g tenants) as(scopes auth.Scopes, patterns ...string) *gateway {
	claims := map[string]any{"sub": "tenant", "roles": nil, "scope": scopes.String()}
	if len(patterns) > 0 {
		claims["barograph_pipelines"] = patterns
	}
	return g.with(g.from.token(claims))
}

// with returns the gateway as somebody asks it with a token, or without one.
func (g tenants) with(token string) *gateway {
	as := *g.gateway
	as.token = token
	return &as
}

// A told is what an operation came to.
type told struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       path
		Extensions struct{ Code string }
	}
}

// A path is where an error is, with dots, as in "cities.1.weather".
type path string

func (p *path) UnmarshalJSON(text []byte) error {
	var steps []any
	if err := json.Unmarshal(text, &steps); err != nil {
		return err
	}
	*p = path(strings.ReplaceAll(strings.Trim(fmt.Sprint(steps), "[]"), " ", "."))
	return nil
}

func (t told) String() string { return fmt.Sprintf("%s %+v", t.Data, t.Errors) }

// tell sends an operation, and returns what it came to.
func (g *gateway) tell(t *testing.T, query string, variables ...any) (told told) {
	t.Helper()
	if got := g.ask(t, query, variables...); json.Unmarshal([]byte(got.body), &told) != nil {
		t.Errorf("%s is answered %s", query, got)
	}
	return told
}

// TestNobodyGetsWhatIsAnothers tries to reach what belongs to somebody else.
func TestNobodyGetsWhatIsAnothers(t *testing.T) {
	t.Parallel()
	for id, test := range map[string]func(*testing.T, tenants){
		"A003 alias brute force of ids":                guessesTellNothing,
		"A057 APQ cache shared across tenants":         textIsSharedAsTextAlone,
		"A155 id collision across tenants":             idsAreTheTenantsOwn,
		"A156 subscription to another tenant":          nothingIsToldOfAnother,
		"A157 field-level role":                        aFieldIsRefusedByItself,
		"A158 role check through whatever leads to it": noWayLeadsAround,
		"A161 error oracle":                            errorsTellNothing,
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			test(t, newTenants(t))
		})
	}
}

func guessesTellNothing(t *testing.T, g tenants) {
	const guess = `{ %s }`
	var fields, guesses strings.Builder
	for i := range 100 {
		name := fmt.Sprint("guess-", i)
		if i == 42 {
			name = "bolt" // which is there, and another's
		}
		fmt.Fprintf(&guesses, " a%d: pipeline(name: %q) { id }", i, name)
		fmt.Fprintf(&fields, ",%q:null", fmt.Sprint("a", i))
	}
	got := g.as(auth.All, "acme", "guess-*").tell(t, fmt.Sprintf(guess, &guesses))
	if want := "{" + fields.String()[1:] + "}"; string(got.Data) != want || len(got.Errors) > 0 {
		t.Errorf("100 guesses are answered %s, want null 100 times", got)
	}
}

func textIsSharedAsTextAlone(t *testing.T, g tenants) {
	const text = `{ pipeline(name: "acme") { name records { nodes { payload } } } }`
	sum := sha256.Sum256([]byte(text))
	ask := func(as *gateway, text string) string {
		request := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hex.EncodeToString(sum[:])}}}
		if text != "" {
			request["query"] = text
		}
		return string(post(t, as, request, "application/json"))
	}
	if got := ask(g.as(auth.All, "acme"), text); !strings.Contains(got, `"of acme"`) {
		t.Fatalf("whoever registers the text is answered %s", got)
	}
	for name, c := range map[string]struct {
		as   *gateway
		want string
	}{
		"another tenant":          {g.as(auth.All, "bolt"), `"pipeline":null`},
		"somebody without scopes": {g.as(0), `"FORBIDDEN"`},
		"nobody":                  {g.with(""), `"UNAUTHENTICATED"`},
	} {
		if got := ask(c.as, ""); strings.Contains(got, "of acme") || !strings.Contains(got, c.want) {
			t.Errorf("%s, by its hash, is answered %s, want %s", name, got, c.want)
		}
	}
}

func idsAreTheTenantsOwn(t *testing.T, g tenants) {
	for _, name := range []string{"acme", "bolt"} {
		if got := g.send(t, g.as(auth.All, name), name, "1"); !strings.Contains(got, `"duplicate":false`) || strings.Contains(got, "CONFLICT") {
			t.Errorf("%s sends the id 1 and is answered %s", name, got)
		}
	}
	const want = `{"records":{"nodes":[{"id":"Record:bolt:1"},{"id":"Record:acme:1"}]}}`
	if got := g.tell(t, `{ records(first: 2, orderBy: {direction: DESC}) { nodes { id } } }`); string(got.Data) != want {
		t.Errorf("the records are %s, want one of each", got)
	}
}

func nothingIsToldOfAnother(t *testing.T, g tenants) {
	const named, wildcard = `subscription { recordChanged(pipeline: "bolt") { record { id } } }`, `subscription { recordChanged { record { id } } }`
	acme := g.as(auth.All, "acme")
	asked, wild := events(t, acme, named), events(t, acme, wildcard)
	// Both stand once the one that is told of something is: changes are told in order.
	for i := 0; ; i++ {
		g.send(t, g.gateway, "bolt", fmt.Sprint("from bolt ", i))
		g.send(t, g.gateway, "acme", fmt.Sprint("from acme ", i))
		select {
		case first := <-wild:
			if !strings.Contains(first, "Record:acme:") {
				t.Errorf("by no name, acme is told %s", first)
			}
		case told := <-asked:
			t.Fatalf("by its name, acme is told of bolt: %s", told)
		case <-time.After(20 * time.Millisecond):
			if i < 500 {
				continue
			}
			t.Fatal("nothing is ever told")
		}
		break
	}
	g.send(t, g.gateway, "bolt", "secret")
	g.send(t, g.gateway, "acme", "last")
	for event := range wild {
		if strings.Contains(event, "Record:bolt:") {
			t.Errorf("by no name, acme is told of b: %s", event)
		}
		if strings.Contains(event, "Record:acme:last") {
			break
		}
	}
	select {
	case told := <-asked:
		t.Errorf("by its name, acme is told of bolt: %s", told)
	default:
	}
	if first := <-events(t, g.as(auth.WeatherRead), wildcard); !strings.Contains(first, `"FORBIDDEN"`) {
		t.Errorf("who may not read records is told %s", first)
	}
}

// A producer gets its record back, and not what is in it: each field that takes
// more is null, with FORBIDDEN at its path.
func aFieldIsRefusedByItself(t *testing.T, g tenants) {
	got := g.as(auth.Producer.Scopes()).tell(t, `mutation { processPayload(input: {pipeline: "acme", payload: {id: "one"}}) {
		record { id state payload result attributes city { name } lastError { code } history { number } } problems { code } } }`)
	want := `{"processPayload":{"record":{"id":"Record:acme:one","state":"PROCESSED","payload":null,"result":null,"attributes":null,"city":null,"lastError":null,"history":null},"problems":[{"code":"PAYLOAD_CONFLICT"}]}}`
	if string(got.Data) != want || len(got.Errors) != 6 {
		t.Errorf("a producer is answered %s, want %s and 6 errors", got, want)
	}
	for _, e := range got.Errors {
		if e.Extensions.Code != "FORBIDDEN" || !strings.HasPrefix(string(e.Path), "processPayload.record.") {
			t.Errorf("an error at %s: %s, want FORBIDDEN below the record", e.Path, e.Extensions.Code)
		}
	}
}

func noWayLeadsAround(t *testing.T, g tenants) {
	producer := g.as(auth.Producer.Scopes())
	const send = `processPayload(input: {pipeline: "acme", payload: {id: "one"}})`
	for name, query := range map[string]string{
		"an alias":                     `mutation { x: ` + send + ` { r: record { state: payload } } }`,
		"a fragment":                   `mutation { ` + send + ` { record { ...F } } } fragment F on Record { payload }`,
		"a fragment on an interface":   `mutation { ` + send + ` { record { ... on Node { id ... on Record { payload } } } } }`,
		"a fragment in a fragment":     `mutation { ` + send + ` { ...A } } fragment A on ProcessPayloadResult { record { ...B } } fragment B on Record { ... { payload } }`,
		"a fragment twice":             `mutation { a: ` + send + ` { record { ...F id } } b: ` + send + ` { record { ...F } } } fragment F on Record { payload }`,
		"a union":                      `mutation { submitPayloads(input: {pipeline: "acme", payloads: [{id: "one"}]}) { outcomes { __typename ... on Conflict { record { payload } } ... on Duplicate { record { payload } } } } }`,
		"beside __typename":            `mutation { __typename ` + send + ` { __typename record { __typename payload } } }`,
		"a directive":                  `mutation { ` + send + ` { record { payload @include(if: true) } } }`,
		"a node":                       `{ node(id: "Record:acme:one") { ... on Record { payload } } }`,
		"nodes":                        `{ nodes(ids: ["Record:acme:one"]) { id ... on Record { payload } } }`,
		"an entity":                    `{ _entities(representations: [{__typename: "Record", id: "Record:acme:one"}]) { ... on Record { payload } } }`,
		"an entity, by another's type": `{ _entities(representations: [{__typename: "Pipeline", name: "acme"}]) { ... on Pipeline { records { nodes { payload } } } } }`,
		"from a pipeline":              `{ pipeline(name: "acme") { records { nodes { payload } } } }`,
		"from a city":                  `{ city(name: "Mumbai") { records { nodes { payload } } } }`,
		"from a report":                `{ weather(city: "Mumbai") { city { records { edges { node { payload } } } } } }`,
		"a definition":                 `{ pipeline(name: "acme") { definition } }`,
		"counts":                       `{ pipeline(name: "acme") { stats { received } series { received } } recordStats(of: "secret") { omittedRecords } }`,
	} {
		got := producer.tell(t, query)
		if strings.Contains(string(got.Data), "of acme") || len(got.Errors) == 0 || got.Errors[0].Extensions.Code != "FORBIDDEN" {
			t.Errorf("through %s: %s, want FORBIDDEN", name, got)
		}
	}
	batch := post(t, producer, []any{map[string]string{"query": `{ __typename }`}, map[string]string{"query": `{ record(pipeline: "acme", payloadId: "one") { payload } }`}}, "application/json")
	if !bytes.Contains(batch, []byte(`"FORBIDDEN"`)) || bytes.Contains(batch, []byte("of acme")) {
		t.Errorf("in a batch: %s, want FORBIDDEN", batch)
	}
	for _, accept := range []string{"multipart/mixed;deferSpec=20220824, application/json", "multipart/mixed;incrementalSpec=v0.2, application/json"} {
		parts := post(t, producer, map[string]string{"query": `query { city(name: "Mumbai") { name ... @defer { records { nodes { payload } } country } } }`}, accept)
		first, rest, deferred := bytes.Cut(parts, []byte(`"hasNext":true`))
		if !deferred || bytes.Contains(first, []byte("FORBIDDEN")) || !bytes.Contains(rest, []byte(`"FORBIDDEN"`)) || !bytes.Contains(rest, []byte(`"country":"IN"`)) || bytes.Contains(rest, []byte("of acme")) {
			t.Errorf("deferred, by %s: %s, want FORBIDDEN in a part of its own", accept, parts)
		}
	}
}

func errorsTellNothing(t *testing.T, g tenants) {
	acme := g.as(auth.All, "acme", "none")
	for _, query := range []string{
		`{ record(pipeline: "NAME", payloadId: "one") { id } }`,
		`{ node(id: "Record:NAME:one") { id } }`,
		`{ _entities(representations: [{__typename: "Record", id: "Record:NAME:one"}]) { __typename } }`,
		`{ _entities(representations: [{__typename: "Pipeline", name: "NAME"}]) { __typename } }`,
		`{ records(filter: {pipeline: "NAME", attributes: [{name: "x", gt: 1}]}) { totalCount } }`,
		`mutation { processPayload(input: {pipeline: "NAME", payload: {id: "one"}}) { problems { code message field } } }`,
		`mutation { processPayload(input: {pipeline: "NAME", payload: 7}) { problems { code message field } } }`,
		`mutation { replayRecords(input: {ids: ["Record:NAME:one"]}) { matched problems { code message field } } }`,
		`mutation { updatePipeline(input: {name: "NAME", expectedVersion: 9}) { problems { code message field } } }`,
		`mutation { deactivatePipeline(input: {name: "NAME"}) { problems { code message field } } }`,
	} {
		ask := func(as *gateway, name string) string {
			return strings.ReplaceAll(string(post(t, as, map[string]string{"query": strings.ReplaceAll(query, "NAME", name)}, "application/json")), name, "NAME")
		}
		if foreign, wrong := ask(acme, "bolt"), ask(acme, "none"); foreign != wrong {
			t.Errorf("%s: another's is answered\n%s, and nobody's\n%s", query, foreign, wrong)
		}
		nothing := g.as(0, "acme") // who has a credential, and no scope
		if foreign, wrong, own := ask(nothing, "bolt"), ask(nothing, "none"), ask(nothing, "acme"); foreign != wrong || foreign != own || !strings.Contains(own, `"FORBIDDEN"`) {
			t.Errorf("%s, of one who may not: another's is answered\n%s, nobody's\n%s, and their own\n%s", query, foreign, wrong, own)
		}
	}
}

// TestASubscriptionThatIsRefusedEnds asks for what the caller may not have, by each
// way that events come.
func TestASubscriptionThatIsRefusedEnds(t *testing.T) {
	t.Parallel()
	g := newTenants(t)
	as := g.as(auth.WeatherRead)
	const query = `subscription { changes: recordChanged { record { id } } }`
	const want = `{"errors":[{"message":"this takes the scope records:read","path":["changes"],"locations":[{"line":1,"column":16}],"extensions":{"code":"FORBIDDEN"}}]}`
	t.Run("by WebSocket", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		socket, res, err := websocket.Dial(ctx, as.url, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: as.header()})
		if err != nil {
			t.Fatal(err)
		}
		if res.Body != nil {
			_ = res.Body.Close()
		}
		defer socket.CloseNow() //nolint:errcheck // nothing is left to do about it
		for _, m := range []any{map[string]string{"type": "connection_init"}, map[string]any{"id": "1", "type": "subscribe", "payload": map[string]string{"query": query}}} {
			if err := wsjson.Write(ctx, socket, m); err != nil {
				t.Fatal(err)
			}
		}
		var told []string
		for len(told) < 3 {
			var m struct {
				Type    string
				Payload json.RawMessage
			}
			if err := wsjson.Read(ctx, socket, &m); err != nil {
				t.Fatalf("after %q: %v", told, err)
			}
			told = append(told, strings.TrimSpace(m.Type+" "+string(m.Payload)))
			if m.Type == "error" {
				break
			}
		}
		if len(told) != 3 || told[1] != "next "+want || told[2] != "complete" {
			t.Errorf("told %q, want the error and complete", told)
		}
	})
	for name, c := range map[string]struct{ accept, want string }{
		"by server-sent events": {"text/event-stream", "event: next\ndata: " + want + "\n\nevent: complete"},
		"in parts":              {`multipart/mixed;subscriptionSpec=1.0, application/json`, `{"payload":` + want + "}\r\n--graphql--"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := string(post(t, as, map[string]string{"query": query}, c.accept)); !strings.Contains(got, c.want) {
				t.Errorf("told %q, want %q and the end", got, c.want)
			}
		})
	}
}

// header has the token that the gateway is asked with.
func (g *gateway) header() http.Header {
	header := http.Header{}
	if g.token != "" {
		header.Set("Authorization", "Bearer "+g.token)
	}
	return header
}

// post sends a request, and returns its answer once that has ended.
func post(t *testing.T, as *gateway, request any, accept string) []byte {
	t.Helper()
	res := begin(t, as, request, accept)
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("after %s: %v", body, err)
	}
	return body
}

// begin sends a request, and returns its answer when that begins.
func begin(t *testing.T, as *gateway, request any, accept string) *http.Response {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, as.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = as.header()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// events returns what a subscription is told, for as long as the test runs.
func events(t *testing.T, as *gateway, query string) <-chan string {
	t.Helper()
	res := begin(t, as, map[string]string{"query": query}, "text/event-stream")
	t.Cleanup(func() { _ = res.Body.Close() })
	told, lines := make(chan string, 10_000), bufio.NewScanner(res.Body)
	go func() {
		defer close(told)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "" {
				told <- data
			}
		}
	}()
	return told
}
