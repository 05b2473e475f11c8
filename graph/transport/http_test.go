package transport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor/testexecutor"

	"barograph/graph/transport"
)

const (
	bodyLimit  = 1 << 20
	batchLimit = 5
)

type header = map[string]string

type response struct {
	status int
	header http.Header
	text   string
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
	Data json.RawMessage
}

func (r response) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Extensions.Code
}

// send asks a transport in front of gqlgen's test schema.
func send(t testing.TB, method, target, body string, h header) response {
	t.Helper()
	return sendTo(t, transport.HTTP{BodyLimit: bodyLimit, BatchLimit: batchLimit}, method, target, body, h)
}

func sendTo(t testing.TB, to transport.HTTP, method, target, body string, h header) response {
	t.Helper()
	res := record(t, to, method, target, strings.NewReader(body), h)
	if res.text == "" {
		return res
	}
	if strings.HasPrefix(res.text, "[") {
		if !json.Valid([]byte(res.text)) {
			t.Fatalf("answer %q is no JSON", res.text)
		}
		return res
	}
	if err := json.Unmarshal([]byte(res.text), &res); err != nil {
		t.Fatalf("answer %q: %v", res.text, err)
	}
	return res
}

// record sends a request and returns what is answered, unread.
func record(t testing.TB, to transport.HTTP, method, target string, body io.Reader, h header) response {
	t.Helper()
	ctx := graphql.StartOperationTrace(t.Context()) // as gqlgen's server does
	req := httptest.NewRequestWithContext(ctx, method, target, body)
	req.Header.Set("Content-Type", "application/json")
	for name, value := range h {
		if value == "" {
			req.Header.Del(name)
			continue
		}
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	to.Do(w, req, named{testexecutor.New()})
	return response{status: w.Code, header: w.Header(), text: w.Body.String()}
}

// named answers an operation that has a name with that.
type named struct{ graphql.GraphExecutor }

func (n named) DispatchOperation(ctx context.Context, operation *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	if operation.OperationName == "" {
		return n.GraphExecutor.DispatchOperation(ctx, operation)
	}
	return graphql.OneShot(&graphql.Response{Data: fmt.Appendf(nil, `{"name":%q}`, operation.OperationName)}), ctx
}

func TestQueriesAreServedByPostAndGet(t *testing.T) {
	t.Parallel()
	get := "/?" + url.Values{"query": {"query ($skip: Boolean!) { name @skip(if: $skip) }"}, "variables": {`{"skip":false}`}, "operationName": {""}}.Encode()
	for name, res := range map[string]response{
		"POST":               send(t, http.MethodPost, "/", `{"query":"{ name }","variables":null,"operationName":null}`, nil),
		"POST with unknowns": send(t, http.MethodPost, "/", `{"query":"{ name }","id":"x","extensions":{}}`, nil),
		"GET":                send(t, http.MethodGet, get, "", header{"Content-Type": ""}),
	} {
		if res.status != http.StatusOK || string(res.Data) != `{"name":"test"}` {
			t.Errorf("%s: %d %s", name, res.status, res.text)
		}
	}
}

func TestRequestsThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	post := func(body string) response { return send(t, http.MethodPost, "/", body, nil) }
	deep := strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)
	for name, c := range map[string]struct {
		got    response
		status int
	}{
		"no query":                 {post(`{}`), 400},
		"an empty query":           {post(`{"query":""}`), 400},
		"a query of null":          {post(`{"query":null}`), 400},
		"a query of another type":  {post(`{"query":["hunter2"]}`), 400},
		"a name in another case":   {post(`{"QUERY":"{ name }"}`), 400},
		"duplicate names":          {post(`{"query":"{ name }","query":"hunter2"}`), 400},
		"variables that are a map": {post(`{"query":"{ name }","variables":["hunter2"]}`), 400},
		"variables in a string":    {post(`{"query":"{ name }","variables":"{}"}`), 400},
		"extensions of a number":   {post(`{"query":"{ name }","extensions":7}`), 400},
		"an operation's number":    {post(`{"query":"{ name }","operationName":7}`), 400},
		"an empty batch":           {post(`[]`), 400},
		"half a batch":             {post(`[{"query":"{ name }"},`), 400},
		"a string":                 {post(`"hunter2"`), 400},
		"a name in mixed case":     {post(`{"query":"{ name }","Variables":{"a":"hunter2"}}`), 400},
		"a folded Kelvin sign":     {post(`{"query":"{ name }","operatıonname":"hunter2","EXTENSIONS":1}`), 400},
		"compressed bytes":         {post("\x1f\x8b\x08hunter2"), 400},
		"a compressed body":        {send(t, http.MethodPost, "/", "hunter2", header{"Content-Encoding": "gzip"}), 415},
		"a multipart form":         {send(t, http.MethodPost, "/", "--x\r\nhunter2", header{"Content-Type": "multipart/form-data; boundary=x"}), 415},
		"two variables":            {post(`{"query":"{ name }","variables":{"a":1,"a":"hunter2"}}`), 400},
		"null":                     {post(`null`), 400},
		"nothing":                  {post(``), 400},
		"text behind":              {post(`{"query":"{ name }"} hunter2`), 400},
		"half a body":              {post(`{"query":"hunter2`), 400},
		"a lone surrogate":         {post(`{"query":"{ name }","variables":{"a":"\ud800"}}`), 400},
		"bad UTF-8":                {post("{\"query\":\"{ name }\",\"variables\":{\"a\":\"\xff\"}}"), 400},
		"a byte order mark":        {post("\xef\xbb\xbf" + `{"query":"{ name }"}`), 400},
		"variables too deep":       {post(`{"query":"{ name }","variables":` + deep + `}`), 400},
		"a form":                   {send(t, http.MethodPost, "/", "query=hunter2", header{"Content-Type": "application/x-www-form-urlencoded"}), 415},
		"plain text":               {send(t, http.MethodPost, "/", `{"query":"{ name }"}`, header{"Content-Type": "text/plain"}), 415},
		"no content type":          {send(t, http.MethodPost, "/", `{"query":"{ name }"}`, header{"Content-Type": ""}), 415},
		"another charset":          {send(t, http.MethodPost, "/", `{"query":"{ name }"}`, header{"Content-Type": "application/json; charset=utf-16"}), 415},
		"GET without a query":      {send(t, http.MethodGet, "/", "", nil), 400},
		"GET, variables no object": {send(t, http.MethodGet, "/?query=%7Bname%7D&variables=hunter2", "", nil), 400},
		"GET, variables of a list": {send(t, http.MethodGet, "/?query=%7Bname%7D&variables=%5B1%5D", "", nil), 400},
		"GET, variables twice":     {send(t, http.MethodGet, "/?query=%7Bname%7D&variables=%7B%22a%22:1,%22a%22:2%7D", "", nil), 400},
		"GET, two queries":         {send(t, http.MethodGet, "/?query=%7Bname%7D&query=hunter2", "", nil), 400},
		"GET, another case":        {send(t, http.MethodGet, "/?query=%7Bname%7D&Query=hunter2", "", nil), 400},
		"GET, no encoding":         {send(t, http.MethodGet, "/?query=%7Bname%7D&operationName=%zz", "", nil), 400},
		"GET, bad UTF-8":           {send(t, http.MethodGet, "/?query=%7Bname%7D&operationName=%ff", "", nil), 400},
		"GET, a semicolon":         {send(t, http.MethodGet, "/?query=%7Bname%7D;operationName=hunter2", "", nil), 400},
		"HEAD without a query":     {send(t, http.MethodHead, "/", "", nil), 400},
		"PUT":                      {send(t, http.MethodPut, "/", `{"query":"{ name }"}`, nil), 405},
		"DELETE":                   {send(t, http.MethodDelete, "/", ``, nil), 405},
	} {
		if c.got.status != c.status || c.got.code() != "BAD_REQUEST" || c.got.Data != nil {
			t.Errorf("%s: %d %s, want %d BAD_REQUEST without data", name, c.got.status, c.got.text, c.status)
		}
		if strings.Contains(c.got.text, secret) {
			t.Errorf("%s: the answer repeats the request: %s", name, c.got.text)
		}
	}
}

func TestDocumentsThatAreRefusedHaveAStatusByMediaType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ query, code string }{
		"a syntax error":      {`{`, "GRAPHQL_PARSE_FAILED"},
		"an unknown field":    {`{ nothing }`, "GRAPHQL_VALIDATION_FAILED"},
		"an unknown operator": {`{ name } query B { name }`, "GRAPHQL_VALIDATION_FAILED"},
	} {
		body, err := json.Marshal(map[string]string{"query": c.query})
		if err != nil {
			t.Fatal(err)
		}
		for accept, status := range map[string]int{"application/json": 200, "application/graphql-response+json": 400} {
			res := send(t, http.MethodPost, "/", string(body), header{"Accept": accept})
			if res.status != status || res.code() != c.code || res.Data != nil {
				t.Errorf("%s as %s: %d %s, want %d %s without data", name, accept, res.status, res.text, status, c.code)
			}
		}
	}
}

func TestOnlyQueriesAreServedByGet(t *testing.T) {
	t.Parallel()
	query := url.Values{"query": {"query Q { name } mutation M { name }"}, "operationName": {"M"}}
	res := send(t, http.MethodGet, "/?"+query.Encode(), "", nil)
	if res.status != http.StatusMethodNotAllowed || res.header.Get("Allow") != "POST" || res.code() != "BAD_REQUEST" {
		t.Errorf("a mutation by GET: %d %s", res.status, res.text)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		res := send(t, method, "/?query=subscription%7Bname%7D", `{"query":"subscription { name }"}`, nil)
		if res.status != http.StatusBadRequest || !strings.Contains(res.text, "multipart/mixed;subscriptionSpec=1.0, as text/event-stream, and over a WebSocket") {
			t.Errorf("a subscription by %s: %d %s", method, res.status, res.text)
		}
	}
}

// A body is answered, by data if it is strict JSON and by an error if not.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"query":"{ name }"}`, `{"query":"{","variables":{"a":[1]}}`, `[]`, `[{"query":"{ name }"}, 7]`, `{"query":"query A { name }","operationName":"A"}`,
		`{"query":"{ name }","query":""}`, `{"query":"{ name }","Variables":{}}`, `{"query":"\ud800","extensions":{"persistedQuery":null}}`, "\ufeff{}", `{} {}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		res := send(t, http.MethodPost, "/", string(body), nil)
		batch := strings.HasPrefix(res.text, "[")
		if res.status >= 500 || !batch && (res.Data == nil) == (len(res.Errors) == 0) {
			t.Errorf("body %q: %d %s", body, res.status, res.text)
		}
		if (batch || res.Data != nil) && (!json.Valid(body) || !utf8.Valid(body)) {
			t.Errorf("body %q is no JSON in UTF-8, and is answered %s", body, res.text)
		}
	})
}
