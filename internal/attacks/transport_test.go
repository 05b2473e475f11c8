package attacks_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	mutation = `mutation { processPayload(input: { payload: { id: \"smuggled\" } }) { record { id } } }`
	marker   = "s3cr3t-marker"
)

// TestRequestsThatMisleadAreRefused tries what can be done with a request around
// a document, against a gateway as it is and one as it is in production.
func TestRequestsThatMisleadAreRefused(t *testing.T) {
	t.Parallel()
	open := start(t)
	closed := start(t, "--introspection=off", "--playground=off", "--upstream-report=off", "--require-preflight", "--batch-limit=1")
	try(t, open, []attack{
		{id: "A032", name: "array batching", run: func(t *testing.T, g *gateway) {
			batch := func(n int) string {
				return "[" + strings.TrimSuffix(strings.Repeat(`{"query":"{ __typename }"},`, n), ",") + "]"
			}
			if got := g.post(t, batch(12)); got.status != http.StatusOK || strings.Count(got.body, "Query") != 12 {
				t.Errorf("12 operations are answered %s", got)
			}
			for name, got := range map[string]answer{"21 of at most 20": g.post(t, batch(21)), "none": g.post(t, "[]"), "2 where there is no batching": closed.post(t, batch(2))} {
				if got.status != http.StatusBadRequest || strings.Contains(got.body, "__typename") {
					t.Errorf("%s are answered %s, want 400", name, got)
				}
			}
			dear := `{"query":"{ records(first: 1000) { nodes { city { records(first: 1000) { nodes { id } } } } } }"}`
			if got := g.post(t, "["+dear+`,{"query":"{ __typename }"}]`); strings.Count(got.body, limited) != 1 || !strings.Contains(got.body, "Query") {
				t.Errorf("a batch with one that costs too much is answered %s, want that one refused", got)
			}
		}},
		{id: "A034", name: "error echoes the request body", run: func(t *testing.T, g *gateway) {
			var packed bytes.Buffer
			zip := gzip.NewWriter(&packed)
			_, _ = fmt.Fprintf(zip, `{"query":"{ %s }"}`, marker)
			_ = zip.Close()
			for name, body := range map[string]string{
				"truncated JSON": `{"query":"{ __typename }","variables":{"` + marker,
				"gzip":           packed.String(),
				"text":           marker,
				"a list of text": `["` + marker + `"]`,
			} {
				want := http.StatusBadRequest
				if body[0] == '[' {
					want = http.StatusOK // a batch, whose one member is refused
				}
				if got := g.post(t, body); got.status != want || strings.Contains(got.body, `"data"`) || strings.Contains(got.body, marker) || len(got.body) > 1000 {
					t.Errorf("%s is answered %s, want a refusal and nothing of it", name, got)
				}
			}
		}},
		{id: "A035", name: "duplicate JSON keys", run: refusesBody(`{"query":"{ __typename }","query":"` + mutation + `"}`)},
		{id: "A036", name: "case-folded JSON keys", run: func(t *testing.T, g *gateway) {
			refusesBody(`{"QUERY":"{ __typename }"}`)(t, g)
			refusesBody(`{"query":"{ __typename }","Query":"`+mutation+`"}`)(t, g)
			refusesBody(`{"query":"{ __typename }","operationname":"x"}`)(t, g)
		}},
		{id: "A037", name: "trailing JSON and garbage", run: func(t *testing.T, g *gateway) {
			refusesBody(`{"query":"{ __typename }"}{"query":"`+mutation+`"}`)(t, g)
			refusesBody(`{"query":"{ __typename }"} garbage`)(t, g)
			refusesBody("{\"query\":\"{ __typename }\"}\x00")(t, g)
		}},
		{id: "A039", name: "GET mutation chosen by operationName", run: func(t *testing.T, g *gateway) {
			got := g.get(t, url.Values{"query": {"query Q { __typename } mutation M { deactivatePipeline(input: { name: \"default\" }) { problems { code } } }"}, "operationName": {"M"}})
			if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "POST" {
				t.Errorf("answered %s with Allow %q, want 405 and POST", got, got.header.Get("Allow"))
			}
			if got := g.ask(t, `{ pipeline(name: "default") { active } }`); !strings.Contains(got.body, "true") {
				t.Errorf("afterwards the pipeline is %s", got)
			}
		}},
		{id: "A041", name: "GET query without a CSRF preflight", run: func(t *testing.T, g *gateway) {
			query := url.Values{"query": {"{ __typename }"}}
			if got := closed.get(t, query); got.status != http.StatusBadRequest {
				t.Errorf("a bare GET is answered %s, want 400", got)
			}
			for _, name := range []string{"Apollo-Require-Preflight", "X-Apollo-Operation-Name"} {
				if got := closed.get(t, query, name, "true"); got.status != http.StatusOK {
					t.Errorf("a GET with %s is answered %s", name, got)
				}
			}
			if got := g.get(t, query); got.status != http.StatusOK {
				t.Errorf("a bare GET where nothing depends on the browser is answered %s", got)
			}
		}},
		{id: "A042", name: "POST text/plain", run: refusesType("text/plain", `{"query":"`+mutation+`"}`)},
		{id: "A043", name: "POST form urlencoded", run: refusesType("application/x-www-form-urlencoded", "query="+url.QueryEscape(mutation))},
		{id: "A045", name: "multipart of 1000 files with a huge map", run: func(t *testing.T, g *gateway) {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			paths := strings.TrimSuffix(strings.Repeat(`"variables.x",`, 100_000), ",")
			_ = form.WriteField("operations", `{"query":"`+mutation+`"}`)
			_ = form.WriteField("map", `{"0":[`+paths+`]}`)
			for i := range 1000 {
				_ = form.WriteField(fmt.Sprint(i), "file")
			}
			_ = form.Close()
			refusesType(form.FormDataContentType(), body.String())(t, g)
		}},
		{id: "A048", name: "BOM in the body", run: func(t *testing.T, g *gateway) {
			const marked = "\ufeff" + `{"query":"{ __typename }"}`
			refusesBody(marked)(t, g)
			if got := g.post(t, marked); !strings.Contains(got.body, "byte order mark") {
				t.Errorf("answered %s, want to be told of the byte order mark", got)
			}
		}},
		{id: "A050", name: "body over the limit", run: func(t *testing.T, g *gateway) {
			body := `{"query":"{ __typename }","variables":{"x":"` + strings.Repeat("x", 20<<20) + `"}}`
			if got := g.post(t, body); got.status != http.StatusRequestEntityTooLarge {
				t.Errorf("20 MB are answered %s, want 413", got)
			}
			chunk := strings.Repeat("x", 1<<20)
			chunks := "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
				strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk), 20)
			if got, closed := g.raw(t, chunks, 10*time.Second); !strings.HasPrefix(got, "HTTP/1.1 413") && got != "" || !closed {
				t.Errorf("20 MB in chunks are answered %.200q, closed %v; want 413 and the end", got, closed)
			}
		}},
		{id: "A052", name: "JSON depth", run: func(t *testing.T, g *gateway) {
			for _, depth := range []int{100, 9_990, 20_000} {
				refusesBody(`{"query":"{ __typename }","variables":{"p":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+`}}`)(t, g)
			}
		}},
		{id: "A054", name: "operationName with line breaks", run: func(t *testing.T, g *gateway) {
			got := g.post(t, `{"query":"query A { __typename }","operationName":"A\r\nlevel=INFO msg=owned"}`)
			if got.status != http.StatusBadRequest || strings.Contains(got.body, "\r") {
				t.Errorf("answered %s, want 400", got)
			}
			for name, values := range got.header {
				if strings.Contains(strings.Join(values, ""), "owned") {
					t.Errorf("the header %s is %q", name, values)
				}
			}
			for line := range strings.Lines(g.log.String()) {
				if !json.Valid([]byte(line)) || strings.HasPrefix(line, "level=INFO") {
					t.Errorf("logged %q", line)
				}
			}
		}},
		{id: "A055", name: "APQ hash mismatch (cache poisoning)", run: func(t *testing.T, g *gateway) {
			const document = "{ poisoned: __typename }"
			right := hashed(document)
			if got := g.post(t, persisted("{ other: __typename }", right)); got.status != http.StatusBadRequest {
				t.Errorf("another document's hash is answered %s, want 400", got)
			}
			if got := g.post(t, persisted("", right)); !got.has("PERSISTED_QUERY_NOT_FOUND") {
				t.Errorf("afterwards, the hash is answered %s, want PERSISTED_QUERY_NOT_FOUND", got)
			}
		}},
		{id: "A057", name: "APQ cache shared across clients", run: func(t *testing.T, g *gateway) {
			// There are no principals yet: what is shared is the text, and each
			// request is answered anew.
			const document = `{ record(payloadId: "shared") { state } }`
			if got := g.post(t, persisted(document, hashed(document))); !strings.Contains(got.body, `"record":null`) {
				t.Errorf("registered: %s", got)
			}
			g.ask(t, `mutation { processPayload(input: { payload: { id: "shared" } }) { record { id } } }`)
			if got := g.post(t, persisted("", hashed(document))); !strings.Contains(got.body, "PROCESSED") {
				t.Errorf("run by its hash: %s, want today's answer", got)
			}
		}},
		{id: "A058", name: "introspection", run: func(t *testing.T, _ *gateway) {
			for _, document := range []string{"{ __schema { types { name } } }", `{ __type(name: "Query") { name } }`, "{ ...F } fragment F on Query { s: __schema { types { name } } }"} {
				if got := closed.ask(t, document); got.status != http.StatusBadRequest || strings.Contains(got.body, "RecordFilter") {
					t.Errorf("%s is answered %s, want a refusal", document, got)
				}
			}
			if got := closed.ask(t, "{ __typename }"); got.status != http.StatusOK {
				t.Errorf("{ __typename } is answered %s", got)
			}
		}},
		{id: "A060", name: "introspection circular", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }", invalid)
		}},
		{id: "A061", name: "field suggestions", run: func(t *testing.T, g *gateway) {
			for _, document := range []string{`{ wether(city: "x") { id } }`, `{ weather(cty: "x") { id } }`, `{ weather { ... on Citty { id } } }`, `{ weather(city: "x", units: METRC) { id } }`, `query ($f: RecordFiltr) { __typename }`} {
				if got := closed.ask(t, document); got.status != http.StatusBadRequest || strings.Contains(got.body, "Did you mean") {
					t.Errorf("%s is answered %s, want no suggestion", document, got)
				}
			}
			if got := g.ask(t, `{ wether(city: "x") { id } }`); !strings.Contains(got.body, "Did you mean") {
				t.Errorf("in development, a slip is answered %s, want a suggestion", got)
			}
		}},
		{id: "A063", name: "GraphiQL exposed", run: func(t *testing.T, g *gateway) {
			page := map[string]string{"Accept": "text/html"}
			if got := closed.send(t, http.MethodGet, "http://"+closed.address+"/", page, nil); got.status != http.StatusNotFound {
				t.Errorf("the playground is answered %s, want 404", got)
			}
			got := g.send(t, http.MethodGet, "http://"+g.address+"/", page, nil)
			if policy := got.header.Get("Content-Security-Policy"); got.status != http.StatusOK || !strings.Contains(policy, "default-src 'none'") {
				t.Errorf("in development, the playground is answered %d with the policy %q", got.status, policy)
			}
		}},
		{id: "A064", name: "tracing extensions", run: func(t *testing.T, _ *gateway) {
			got := closed.post(t, `{"query":"{ __typename }"}`, "X-Barograph-Upstream", "1", "X-Apollo-Tracing", "1", "Apollo-Federation-Include-Trace", "ftv1")
			if got.body != `{"data":{"__typename":"Query"}}` {
				t.Errorf("answered %s, want no extensions", got)
			}
			for name := range got.header {
				if strings.HasPrefix(name, "X-Debug") || name == "Server" || name == "X-Powered-By" {
					t.Errorf("the answer has the header %s", name)
				}
			}
		}},
	})
	try(t, closed, nil)
}

// refusesBody returns a case: the body is answered 400 and changes nothing.
func refusesBody(body string) func(*testing.T, *gateway) {
	return func(t *testing.T, g *gateway) {
		t.Helper()
		if got := g.post(t, body); got.status != http.StatusBadRequest || strings.Contains(got.body, `"data"`) {
			t.Errorf("%.80q is answered %s, want 400", body, got)
		}
		g.tookNothing(t)
	}
}

// refusesType returns a case: a body of the type is answered 415 and changes nothing.
func refusesType(contentType, body string) func(*testing.T, *gateway) {
	return func(t *testing.T, g *gateway) {
		t.Helper()
		if got := g.post(t, body, "Content-Type", contentType); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s is answered %s, want 415", contentType, got)
		}
		g.tookNothing(t)
	}
}

// tookNothing checks that no mutation was smuggled in.
func (g *gateway) tookNothing(t *testing.T) {
	t.Helper()
	if got := g.ask(t, `{ record(payloadId: "smuggled") { id } }`); got.body != `{"data":{"record":null}}` {
		t.Errorf("a mutation was run: %s", got)
	}
}

func (g *gateway) get(t *testing.T, query url.Values, header ...string) answer {
	t.Helper()
	headers := map[string]string{}
	for i := 0; i+1 < len(header); i += 2 {
		headers[header[i]] = header[i+1]
	}
	return g.send(t, http.MethodGet, g.url+"?"+query.Encode(), headers, nil)
}

func hashed(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

// persisted returns a request for a document by its hash, with its text unless
// that is empty.
func persisted(document, hash string) string {
	request := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}}
	if document != "" {
		request["query"] = document
	}
	body, _ := json.Marshal(request) //nolint:errchkjson // strings and a number
	return string(body)
}
