package attacks_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"barograph/auth"
)

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
