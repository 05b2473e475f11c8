package attacks_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

// TestPayloadsThatHurtAreRefusedOrKeptAsTheyAre tries what can be done with values:
// what comes back is what was sent, or nothing is taken.
func TestPayloadsThatHurtAreRefusedOrKeptAsTheyAre(t *testing.T) {
	t.Parallel()
	program, database := programtest.Build(t), "--database-url="+postgrestest.Database(t)
	one := run(t, program, nil, database)
	other := run(t, program, nil, database, "--keyset-file="+one.keyset())
	try(t, one, []attack{
		{id: "A107", name: "Int literal beyond 32 bits", run: func(t *testing.T, g *gateway) {
			for _, size := range []string{"2147483648", "-2147483649", "9223372036854775808"} {
				g.refusedQuickly(t, "{ records(first: "+size+") { nodes { id } } }", invalid)
			}
		}},
		{id: "A108", name: "Int variable of another kind", run: func(t *testing.T, g *gateway) {
			for _, value := range []string{"9223372036854775808", "2147483648", "1.5", `"1"`, "true", "[1]", "{}"} {
				got := g.post(t, `{"query":"query ($n: Int) { records(first: $n) { nodes { id } } }","variables":{"n":`+value+`}}`)
				if got.status != http.StatusBadRequest || strings.Contains(got.body, `"data"`) || strings.Contains(got.body, "-9223372036854775808") {
					t.Errorf("%s is answered %s, want 400 and no other number", value, got)
				}
			}
		}},
		{id: "A111", name: "big integers", run: func(t *testing.T, g *gateway) {
			const numbers = `"x":-9007199254740993,"y":9223372036854775807,"z":1.10`
			const larger = `,"a":12345678901234567890123,"b":1.0000000000000000000000001e400`
			keeps := func(got answer, numbers string) {
				t.Helper()
				for part := range strings.SplitSeq(numbers, ",") {
					if strings.Count(got.body, part) != 2 { // in the payload and in the result
						t.Errorf("of %s, the answer is %s", part, got)
					}
				}
			}
			keeps(g.process(t, `{"id":"A111",`+numbers+larger+`}`), numbers+larger)
			literal := func(id, numbers string) answer {
				return g.ask(t, `mutation { processPayload(input: { payload: { id: "`+id+`", `+strings.ReplaceAll(numbers, `"`, "")+` } }) { record { payload result } } }`)
			}
			keeps(literal("A111-literal", numbers), numbers)
			if got := literal("A111-larger", numbers+larger); got.status != http.StatusBadRequest {
				keeps(got, numbers+larger) // or it is refused
			}
		}},
		{id: "A112", name: "jsonb number bomb", run: func(t *testing.T, g *gateway) {
			bomb := strings.TrimSuffix(strings.Repeat("1e131071,", 100), ",")
			if got := g.process(t, `{"id":"A112","x":[`+bomb+`]}`); !strings.Contains(got.body, `"record":{`) || len(got.body) > 4000 {
				t.Errorf("a payload of a hundred big numbers is answered %s", got)
			}
			g.pipeline(t, "bomb", `{"attributes":{"x":{"expression":"payload.x","type":"NUMBER"},"all":{"expression":"string(payload.id)","type":"STRING"}}}`)
			for _, number := range []string{"1e131071", "1e-16383", "-1e131071", strings.Repeat("9", 400)} {
				g.submit(t, "bomb", `{"id":"A112 `+number+`","x":`+number+`}`)
			}
			if got := g.ask(t, `{ records(filter: { pipeline: "bomb" }) { nodes { attributes } } }`); got.codes() != nil || len(got.body) > 20_000 {
				t.Errorf("the attributes are answered %s", got)
			}
		}},
		{id: "A113", name: "jsonb numeric overflow", run: func(t *testing.T, g *gateway) {
			g.pipeline(t, "overflow", `{"attributes":{"a":{"expression":"payload.a","type":"NUMBER","range":true}}}`)
			for _, number := range []string{"1e200000", "-1e200000", "1e-200000", "1e999999999999"} {
				if got := g.submit(t, "overflow", `{"id":"A113 `+number+`","a":`+number+`}`); got.codes() != nil {
					t.Errorf("%s is answered %s, want a problem", number, got)
				}
				got := g.post(t, `{"query":"query ($f: RecordFilter!) { records(filter: $f) { nodes { id } } }","variables":{"f":{"pipeline":"overflow","attributes":[{"name":"a","eq":`+number+`}]}}}`)
				if got.has("INTERNAL_SERVER_ERROR") || got.codes() == nil && !strings.Contains(got.body, `"nodes":[]`) {
					t.Errorf("asked for %s: %s, want none, or a refusal", number, got)
				}
			}
			if got := g.process(t, `{"id":"A113","a":1e200000}`); !strings.Contains(got.body, `"a":1e200000`) {
				t.Errorf("where nothing looks at it, it is answered %s", got)
			}
		}},
		{id: "A117", name: "lone surrogate", run: func(t *testing.T, g *gateway) {
			for _, half := range []string{`\ud800`, `\udc00`, `\ud800x`, `\udc00\ud800`} {
				for _, payload := range []string{`{"id":"` + half + `"}`, `{"id":"A117","x":"` + half + `"}`, `{"id":"A117","` + half + `":1}`} {
					g.takesNothing(t, payload)
				}
			}
		}},
		{id: "A118", name: "invalid UTF-8", run: func(t *testing.T, g *gateway) {
			for _, bytes := range []string{"\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"} {
				for _, payload := range []string{`{"id":"` + bytes + `"}`, `{"id":"A118","x":"` + bytes + `"}`} {
					g.takesNothing(t, payload)
				}
			}
		}},
		{id: "A119", name: "unicode twins of an id", run: func(t *testing.T, g *gateway) {
			twins := []string{"A119 \u00e9", "A119 e\u0301", "A119 a\u200db", "A119 ab", "A119 \u0430b"}
			for _, id := range twins {
				if got := g.process(t, fmt.Sprintf(`{"id":%q,"twin":%q}`, id, id)); !strings.Contains(got.body, `"duplicate":false`) || !strings.Contains(got.body, `"problems":[]`) {
					t.Errorf("%+q is answered %s, want a record of its own", id, got)
				}
			}
			for _, id := range twins {
				if got := g.ask(t, `query ($id: String!) { record(payloadId: $id) { payloadId } }`, map[string]any{"id": id}); !strings.Contains(got.body, quoted(id)) {
					t.Errorf("by %+q, %s is found", id, got)
				}
			}
			for _, r := range "\n\r\x1b\u0085\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069" {
				id := "A119 " + string(r) + "x"
				if got := g.process(t, `{"id":`+quoted(id)+`}`); !strings.Contains(got.body, "PAYLOAD_ID_INVALID") {
					t.Errorf("the id %+q is answered %s, want PAYLOAD_ID_INVALID", id, got)
				}
			}
		}},
		{id: "A121", name: "id as a number, a float or a bool", run: func(t *testing.T, g *gateway) {
			for _, id := range []string{"7", "1.5", "12345678901234567890", "true", "null", "[]", `""`} {
				if got := g.process(t, `{"id":`+id+`}`); !strings.Contains(got.body, "PAYLOAD_ID_INVALID") {
					t.Errorf("a payload's id %s is answered %s, want PAYLOAD_ID_INVALID", id, got)
				}
			}
			node := func(id string) answer {
				return g.post(t, `{"query":"query ($id: ID!) { node(id: $id) { id } }","variables":{"id":`+id+`}}`)
			}
			for _, id := range []string{"7", "12345678901234567890"} {
				if got := node(id); got.body != `{"data":{"node":null}}` {
					t.Errorf("node(id: %s) is answered %s, want null, as for its text", id, got)
				}
			}
			for _, id := range []string{"1.5", "true", "1e3", "{}"} {
				if got := node(id); got.status != http.StatusBadRequest {
					t.Errorf("node(id: %s) is answered %s, want 400", id, got)
				}
			}
			g.refusedQuickly(t, "{ node(id: 1.5) { id } }", invalid)
			g.refusedQuickly(t, "{ node(id: true) { id } }", invalid)
		}},
		{id: "A122", name: "missing id", run: func(t *testing.T, g *gateway) {
			for _, payload := range []string{`{}`, `{"ID":"a"}`, `{"payload":{"id":"a"}}`} {
				if got := g.process(t, payload); !strings.Contains(got.body, "PAYLOAD_ID_MISSING") || !strings.Contains(got.body, `"id"]`) {
					t.Errorf("%s is answered %s, want PAYLOAD_ID_MISSING at id", payload, got)
				}
			}
			g.refusedQuickly(t, "mutation { processPayload(input: {}) { duplicate } }", invalid)
		}},
		{id: "A123", name: "same id, same payload at once on two nodes", run: func(t *testing.T, g *gateway) {
			var all sync.WaitGroup
			answers := make([]answer, 50)
			for i := range answers {
				node := []*gateway{g, other}[i%2]
				all.Go(func() { answers[i] = node.process(t, `{"id":"A123","x":1}`) })
			}
			all.Wait()
			first := 0
			for _, got := range answers {
				if strings.Contains(got.body, `"duplicate":false`) {
					first++
				}
				if got.codes() != nil || recordIn(got.body) != recordIn(answers[0].body) {
					t.Errorf("answered %s, want what %s says", got, answers[0])
				}
			}
			if first != 1 {
				t.Errorf("%d of %d are the first, want 1", first, len(answers))
			}
		}},
		{id: "A124", name: "same id, other payload", run: func(t *testing.T, g *gateway) {
			g.process(t, `{"id":"A124","x":1,"y":[1.0,"é"]}`)
			if got := other.process(t, `{"y":[1,"\u00e9"],"x":1e0,"id":"A124"}`); !strings.Contains(got.body, `"duplicate":true`) {
				t.Errorf("the same, written otherwise, is answered %s, want a duplicate", got)
			}
			got := other.process(t, `{"id":"A124","x":2,"y":[1.0,"é"]}`)
			if !strings.Contains(got.body, "PAYLOAD_CONFLICT") || !strings.Contains(got.body, `"x":1,`) {
				t.Errorf("another payload is answered %s, want PAYLOAD_CONFLICT and the first", got)
			}
		}},
		{id: "A127", name: "duplicate keys in a payload", run: func(t *testing.T, g *gateway) {
			for _, payload := range []string{`{"id":"A127","a":1,"a":2}`, `{"id":"A127","id":"other"}`, `{"id":"A127","x":{"a":1,"\u0061":2}}`} {
				g.takesNothing(t, payload)
			}
			if got := g.ask(t, `mutation { processPayload(input: { payload: { id: "A127", a: 1, a: 2 } }) { record { id } } }`); got.status != http.StatusBadRequest {
				t.Errorf("a literal is answered %s, want 400", got)
			}
		}},
		{id: "A129", name: "LIKE, regex and jsonpath injection", run: func(t *testing.T, g *gateway) {
			g.pipeline(t, "found", `{"attributes":{"a":{"expression":"payload.a","type":"STRING"}}}`)
			g.submit(t, "found", `{"id":"A129","a":"plain"}`)
			for _, text := range []string{`$ ? (@ like_regex "(a+)+$")`, `%`, `_____`, `' or 1=1 --`, `plain' or ''='`, `{"a":"plain"}`, `.*`, `\`, `$.nowhere`} {
				for _, filter := range []map[string]any{{"name": "a", "eq": text}, {"name": text, "eq": "plain"}} {
					got := g.ask(t, `query ($f: RecordFilter!) { records(filter: $f) { nodes { id } } }`, map[string]any{"f": map[string]any{"pipeline": "found", "attributes": []any{filter}}})
					if got.has("INTERNAL_SERVER_ERROR") || strings.Contains(got.body, "A129") || got.work > quick {
						t.Errorf("by %v, %s is found", filter, got)
					}
				}
				for _, document := range []string{`query ($t: String!) { searchCities(query: $t) { name } }`, `query ($t: String!) { city(name: $t) { name } }`, `query ($t: String!) { record(payloadId: $t) { id } }`, `query ($t: String!) { pipeline(name: $t) { id } }`} {
					got := g.ask(t, document, map[string]any{"t": text})
					if strings.Contains(got.body, `"name":"`) || strings.Contains(got.body, `"id":"`) || got.has("INTERNAL_SERVER_ERROR") {
						t.Errorf("%s with %s is answered %s, want nothing", document, text, got)
					}
				}
			}
			if got := g.ask(t, `{ records(filter: { pipeline: "found", attributes: [{ name: "a", eq: "plain" }] }) { nodes { payloadId } } }`); !strings.Contains(got.body, "A129") {
				t.Errorf("by what it is, %s is found", got)
			}
		}},
		{id: "A130", name: "HTML and JS in a payload", run: func(t *testing.T, g *gateway) {
			const script = `<script>alert(1)</script>`
			got := g.process(t, `{"id":"A130 `+script+`","x":"`+script+`"}`)
			if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/graphql-response+json") || got.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("answered as %s with X-Content-Type-Options %q", kind, got.header.Get("X-Content-Type-Options"))
			}
			if page := g.send(t, http.MethodGet, "http://"+g.address+"/A130/"+script, map[string]string{"Accept": "text/html"}, nil); strings.Contains(page.body, "<script>") {
				t.Errorf("a page that there is not repeats its name: %s", page)
			}
			for _, path := range []string{"/ingest/default", "/ingest/" + script} {
				lines := g.send(t, http.MethodPost, "http://"+g.address+path, map[string]string{"Content-Type": "application/x-ndjson"}, strings.NewReader(`{"id":"`+script+`","x":`+"\n"))
				if kind := lines.header.Get("Content-Type"); strings.Contains(kind, "html") || lines.header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s is answered as %s with X-Content-Type-Options %q", path, kind, lines.header.Get("X-Content-Type-Options"))
				}
			}
		}},
	})
	try(t, other, nil)
}

// process sends a payload, whose text is JSON, to be processed.
func (g *gateway) process(t *testing.T, payload string) answer {
	t.Helper()
	return g.post(t, `{"query":"mutation ($p: JSON!) { processPayload(input: { payload: $p }) { duplicate problems { code field } record { id payload result } } }","variables":{"p":`+payload+`}}`)
}

// submit sends a payload to a pipeline.
func (g *gateway) submit(t *testing.T, pipeline, payload string) answer {
	t.Helper()
	return g.post(t, `{"query":"mutation ($p: JSON!) { processPayload(input: { pipeline: \"`+pipeline+`\", payload: $p }) { problems { code } record { id } } }","variables":{"p":`+payload+`}}`)
}

// takesNothing checks that a payload which is no JSON that may be taken makes the
// request fail, and a message be rejected.
func (g *gateway) takesNothing(t *testing.T, payload string) {
	t.Helper()
	if got := g.process(t, payload); got.status != http.StatusBadRequest || strings.Contains(got.body, `"data"`) {
		t.Errorf("%+q is answered %s, want 400", payload, got)
	}
	got := g.send(t, http.MethodPost, "http://"+g.address+"/ingest/default", map[string]string{"Content-Type": "application/x-ndjson"}, strings.NewReader(payload+"\n"))
	if !strings.Contains(got.body, `"accepted":0`) || !strings.Contains(got.body, "REJECTED") {
		t.Errorf("as a message, %+q is answered %s, want it rejected", payload, got)
	}
}

// pipeline makes a pipeline.
func (g *gateway) pipeline(t *testing.T, name, definition string) {
	t.Helper()
	got := g.post(t, `{"query":"mutation ($d: JSON!) { createPipeline(input: { name: \"`+name+`\", definition: $d }) { problems { code message } } }","variables":{"d":`+definition+`}}`)
	if !strings.Contains(got.body, `"problems":[]`) {
		t.Fatalf("pipeline %s: %s", name, got)
	}
}

// recordIn returns the part of an answer about a payload that is its record.
func recordIn(body string) string {
	_, after, _ := strings.Cut(body, `"record":`)
	return after
}

func quoted(s string) string {
	text, _ := json.Marshal(s) //nolint:errchkjson // a string
	return string(text)
}
