package transport_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor/testexecutor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/graph/transport"
)

func batch(members ...string) string { return "[" + strings.Join(members, ",") + "]" }

func many(n int) string {
	return batch(strings.Split(strings.TrimSuffix(strings.Repeat(`{"query":"{ name }"};`, n), ";"), ";")...)
}

func TestABatchIsAnsweredInOrderAndEachByItself(t *testing.T) {
	t.Parallel()
	res := send(t, http.MethodPost, "/", " \n"+batch(
		`{"query":"query A { name }","operationName":"A"}`,
		`{"query":"{ nothing }"}`,
		`7`,
		`{"QUERY":"hunter2"}`,
		`{"query":"query B { name } query C { name }","operationName":"C"}`,
	), header{"Accept": "application/graphql-response+json"})
	var answers []response
	if err := json.Unmarshal([]byte(res.text), &answers); err != nil || res.status != http.StatusOK || len(answers) != 5 {
		t.Fatalf("%d %s: %v", res.status, res.text, err)
	}
	for i, want := range []struct{ data, code string }{
		{`{"name":"A"}`, ""}, {"", "GRAPHQL_VALIDATION_FAILED"}, {"", "BAD_REQUEST"}, {"", "BAD_REQUEST"}, {`{"name":"C"}`, ""},
	} {
		if string(answers[i].Data) != want.data || answers[i].code() != want.code {
			t.Errorf("answer %d: %s %s, want %s %s", i, answers[i].Data, answers[i].code(), want.data, want.code)
		}
	}
	if strings.Contains(res.text, "hunter2") {
		t.Errorf("the answer repeats the request: %s", res.text)
	}
	if got := res.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %s", got)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	off := transport.HTTP{BodyLimit: bodyLimit, BatchLimit: 1}
	for name, c := range map[string]struct {
		got    response
		status int
		code   string
	}{
		"one":               {send(t, http.MethodPost, "/", many(1), nil), 200, ""},
		"as many as may be": {send(t, http.MethodPost, "/", many(batchLimit), nil), 200, ""},
		"one more":          {send(t, http.MethodPost, "/", many(batchLimit+1), nil), 400, "LIMIT_EXCEEDED"},
		"a lot":             {send(t, http.MethodPost, "/", many(10_000), nil), 400, "LIMIT_EXCEEDED"},
		"where it is off":   {sendTo(t, off, http.MethodPost, "/", many(1), nil), 400, "BAD_REQUEST"},
		"by GET":            {send(t, http.MethodGet, "/?query=%5B%7Bname%7D%5D", "", header{"Accept": "application/graphql-response+json"}), 400, "GRAPHQL_PARSE_FAILED"},
	} {
		if c.got.status != c.status || c.got.code() != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, c.got.status, c.got.text, c.status, c.code)
		}
	}
}

// meeting lets no operation end before as many have begun as it waits for.
type meeting struct {
	graphql.GraphExecutor
	all sync.WaitGroup
}

func (m *meeting) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	m.all.Done()
	met := make(chan struct{})
	go func() { m.all.Wait(); close(met) }()
	select {
	case <-met:
		return m.GraphExecutor.CreateOperationContext(ctx, params)
	case <-time.After(10 * time.Second):
		panic("the others of the batch wait for this one")
	}
}

func TestABatchIsExecutedConcurrently(t *testing.T) {
	t.Parallel()
	m := &meeting{GraphExecutor: testexecutor.New()}
	m.all.Add(batchLimit)
	if res := execute(t, m, many(batchLimit)); strings.Contains(res, "errors") {
		t.Error(res)
	}
}

// panicking panics where an operation's name says so.
type panicking struct{ graphql.GraphExecutor }

func (p panicking) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	if params.OperationName == "Panic" {
		panic("hunter2")
	}
	return p.GraphExecutor.CreateOperationContext(ctx, params)
}

func TestAPanicSpoilsNoOtherOfItsBatch(t *testing.T) {
	t.Parallel()
	got := execute(t, panicking{testexecutor.New()}, batch(`{"query":"query Panic { name }","operationName":"Panic"}`, `{"query":"{ name }"}`))
	if !strings.HasSuffix(got, `,{"data":{"name":"test"}}]`) || !strings.Contains(got, "internal server error") || strings.Contains(got, "hunter2") {
		t.Error(got)
	}
}

func execute(t *testing.T, exec graphql.GraphExecutor, body string) string {
	t.Helper()
	req := httptest.NewRequestWithContext(graphql.StartOperationTrace(t.Context()), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	transport.HTTP{BodyLimit: bodyLimit, BatchLimit: batchLimit}.Do(w, req, exec)
	return w.Body.String()
}
