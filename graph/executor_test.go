package graph_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/auth"
	"barograph/gazetteer"
	"barograph/graph"
	"barograph/graph/cost"
	"barograph/graph/document"
	"barograph/graph/generated"
	"barograph/graph/persisted"
	"barograph/graph/wire"
)

// A root answers from a function for cities, and nothing else.
type root struct {
	generated.ResolverRoot
	city func(ctx context.Context, name string) (*gazetteer.City, error)
}

type query struct {
	generated.QueryResolver
	root
}

func (r root) Query() generated.QueryResolver { return query{root: r} }

func (q query) City(ctx context.Context, name string) (*gazetteer.City, error) {
	return q.city(ctx, name)
}

func quiet(config graph.Config) graph.Config {
	config.Logger = slog.New(slog.DiscardHandler)
	return config
}

// An answer is what a gateway answers, and its size.
type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions map[string]any
	}
	size int
}

func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

func ask(t *testing.T, handler http.Handler, text string, variables map[string]any) (a answer) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	text2, err := io.ReadAll(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text2, &a); err != nil {
		t.Fatalf("%s: %v", text2, err)
	}
	a.size = len(text2)
	return a
}

func TestHostileDocumentsAreRefusedInFewWords(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{})))
	fan := `{weather(city:"x"){...F0}}`
	for i := range 40 {
		fan += fmt.Sprintf("fragment F%d on Weather{...F%d ...F%[2]d}", i, i+1)
	}
	fan += "fragment F40 on Weather{city{id}}"
	for name, c := range map[string]struct{ text, code string }{
		"A004 one directive many times":   {"{__typename " + strings.Repeat("@aa ", 20_000) + "}", "LIMIT_EXCEEDED"},
		"A005 many directives":            {"{__typename " + numbered(20_000, "@a#") + "}", "LIMIT_EXCEEDED"},
		"A006 valid directives":           {"{__typename " + strings.Repeat("@include(if:true) ", 500) + "}", "LIMIT_EXCEEDED"},
		"A007 a field 5000 times":         {"{" + strings.Repeat("__typename ", 5000) + "}", "LIMIT_EXCEEDED"},
		"A007 a field 20 000 times":       {"{" + strings.Repeat("__typename ", 20_000) + "}", "LIMIT_EXCEEDED"},
		"A009 inline fragments":           {"{" + strings.Repeat("...on Query{"+strings.Repeat(`...on Query{weather(city:"x"){id}}`, 100)+"}", 200) + "}", "LIMIT_EXCEEDED"},
		"A011 fragments that fan out":     {fan, "LIMIT_EXCEEDED"},
		"A014 a fragment in itself":       {"{...A} fragment A on Query{...A}", "GRAPHQL_VALIDATION_FAILED"},
		"A015 fields very deep":           {`{city(name:"x"){` + strings.Repeat("weather{city{", 40) + "id" + strings.Repeat("}}", 40) + "}}", "LIMIT_EXCEEDED"},
		"A018 braces that are not closed": {strings.Repeat("{a", 200_000), "LIMIT_EXCEEDED"},
		"A026 fifty operations":           {numbered(50, "query Q#{__typename}"), "LIMIT_EXCEEDED"},
		"A029 comments":                   {"{__typename " + strings.Repeat("#\n", 300_000) + "}", "LIMIT_EXCEEDED"},
		"A030 escapes":                    {`{weather(city:"` + strings.Repeat(`\u{10FFFF}`, 100_000) + `"){id}}`, "LIMIT_EXCEEDED"},
		"A030 an escape of nothing":       {`{weather(city:"\u{FFFFFF}"){id}}`, "GRAPHQL_PARSE_FAILED"},
		"A060 circular introspection":     {"{__schema{types{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}", "GRAPHQL_VALIDATION_FAILED"},
		"an Int beyond 32 bits":           {"{pipelines(first:2147483648){totalCount}}", "GRAPHQL_VALIDATION_FAILED"},
	} {
		start := time.Now()
		got := ask(t, handler, c.text, nil)
		if got.code() != c.code || got.Data != nil {
			t.Errorf("%s: code = %q, want %q", name, got.code(), c.code)
		}
		if got.size > 2000 {
			t.Errorf("%s: an answer of %d bytes", name, got.size)
		}
		if c.code == "LIMIT_EXCEEDED" {
			for _, key := range []string{"limit", "found", "allowed"} {
				if got.Errors[0].Extensions[key] == nil {
					t.Errorf("%s: extensions = %v, want %s", name, got.Errors[0].Extensions, key)
				}
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func numbered(n int, format string) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
	}
	return text.String()
}

func TestCostIsLimitedByTheValuesOfVariables(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{CostLimits: cost.Limits{Total: 100}, Resolvers: root{city: nil}})))
	const text = "query ($n: Int, $x: Boolean = false) { pipelines(first: $n) @skip(if: $x) { nodes { id } } }"
	got := ask(t, handler, text, map[string]any{"n": 96})
	if got.code() != "LIMIT_EXCEEDED" || fmt.Sprint(got.Errors[0].Extensions) != "map[allowed:100 code:LIMIT_EXCEEDED found:101 limit:cost]" {
		t.Errorf("96: %+v, want the cost refused", got.Errors)
	}
	if got := ask(t, handler, text, map[string]any{"n": 1000, "x": true}); got.code() != "" {
		t.Errorf("skipped: %+v, want no error", got.Errors)
	}
	if got := ask(t, handler, text, map[string]any{"n": 95}); got.code() == "LIMIT_EXCEEDED" {
		t.Errorf("95: %+v, want it to run", got.Errors)
	}
}

func TestTheCostOfAnOperationIsKnownToWhoeverHasIt(t *testing.T) {
	t.Parallel()
	exec := graph.NewExecutor(quiet(graph.Config{}))
	operation, errs := exec.CreateOperationContext(started(), &graphql.RawParams{Query: `{ weather(city: "x") { id } }`})
	if errs != nil {
		t.Fatal(errs)
	}
	if c, known := cost.From(operation); !known || c.Total != 5 || c.Fields != 2 {
		t.Errorf("From = %+v %t, want a cost of 5 and two fields", c, known)
	}
}

func started() context.Context {
	return auth.With(graphql.StartOperationTrace(context.Background()), auth.Anyone)
}

func TestIntrospectionIsRefusedWhereTheSchemaIsHidden(t *testing.T) {
	t.Parallel()
	for hidden, want := range map[bool]string{true: "INTROSPECTION_DISABLED", false: ""} {
		handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{HideSchema: hidden})))
		got := ask(t, handler, "{ __schema { queryType { name } } }", nil)
		reason := ""
		if len(got.Errors) > 0 {
			reason, _ = got.Errors[0].Extensions["validationErrorCode"].(string)
		}
		if reason != want || (want != "") != (got.code() == "GRAPHQL_VALIDATION_FAILED") {
			t.Errorf("hidden %t: %+v, want %q", hidden, got, want)
		}
		if got := ask(t, handler, "{ __typename }", nil); string(got.Data) != `{"__typename":"Query"}` {
			t.Errorf("hidden %t: __typename = %s", hidden, got.Data)
		}
	}
}

func TestErrorsOfAnAnswerAreFew(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{ErrorLimit: 5, Resolvers: root{city: func(context.Context, string) (*gazetteer.City, error) {
		return nil, errors.New("broken")
	}}})))
	got := ask(t, handler, "{"+numbered(20, `a#:city(name:"x"){id}`)+"}", nil)
	if len(got.Errors) != 6 || got.Errors[5].Message != "15 more errors are left out" || got.Errors[5].Extensions["code"] != "LIMIT_EXCEEDED" {
		t.Errorf("errors = %+v, want five, and how many more there were", got.Errors)
	}
	got = ask(t, handler, "{"+numbered(5, `a#:city(name:"x"){id}`)+"}", nil)
	if len(got.Errors) != 5 || got.Errors[4].Extensions["code"] != "INTERNAL_SERVER_ERROR" {
		t.Errorf("errors = %+v, want five", got.Errors)
	}
}

func TestErrorsDoNotEchoWhatWasSent(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{})))
	long := strings.Repeat("x", 100_000)
	for name, c := range map[string]struct {
		text      string
		variables map[string]any
	}{
		"an enum's value":  {"query ($u: Units!) { weather(city: \"x\", units: $u) { id } }", map[string]any{"u": long}},
		"an input's field": {"query ($f: RecordFilter!) { records(filter: $f) { totalCount } }", map[string]any{"f": map[string]any{long: 1}}},
	} {
		if got := ask(t, handler, c.text, c.variables); got.code() != "GRAPHQL_VALIDATION_FAILED" || got.size > 1000 {
			t.Errorf("%s: %q in %d bytes", name, got.code(), got.size)
		}
	}
	operation, errs := graph.NewExecutor(quiet(graph.Config{})).CreateOperationContext(started(), &graphql.RawParams{Query: "{ __typename }", OperationName: long})
	if operation == nil || len(errs) != 1 || len(errs[0].Message) > 400 {
		t.Errorf("an operation's name: %d errors", len(errs))
	}
}

func TestAnOperationHasADeadlineAndASlowOneIsTold(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{OperationTimeout: time.Millisecond, Resolvers: root{city: func(ctx context.Context, _ string) (*gazetteer.City, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}})))
	if got := ask(t, handler, `{ city(name: "x") { id } }`, nil); got.code() != "TIMEOUT" {
		t.Errorf("errors = %+v, want TIMEOUT", got.Errors)
	}
}

// TestTheDeadlineIsThatOfAllResponses runs an operation by hand, as a transport
// does: the context of the first response must serve for those that follow.
func TestTheDeadlineIsThatOfAllResponses(t *testing.T) {
	t.Parallel()
	contexts := make(chan context.Context, 1)
	exec := graph.NewExecutor(quiet(graph.Config{
		Extensions: []graphql.HandlerExtension{parts{2}},
		Resolvers: root{city: func(ctx context.Context, _ string) (*gazetteer.City, error) {
			contexts <- ctx
			return nil, nil
		}},
	}))
	operation, errs := exec.CreateOperationContext(started(), &graphql.RawParams{Query: `{ city(name: "x") { id } }`})
	if errs != nil {
		t.Fatal(errs)
	}
	next, ctx := exec.DispatchOperation(started(), operation)
	next(ctx)
	during := <-contexts
	if _, limited := during.Deadline(); !limited || during.Err() != nil {
		t.Errorf("after the first of two responses: a deadline %t, err = %v, want a deadline that has not passed", limited, during.Err())
	}
	next(ctx)
	if !errors.Is(during.Err(), context.Canceled) {
		t.Errorf("after the last response: err = %v, want %v", during.Err(), context.Canceled)
	}
}

// parts makes one response look like the first of several.
type parts struct{ more int32 }

func (parts) ExtensionName() string                   { return "Parts" }
func (parts) Validate(graphql.ExecutableSchema) error { return nil }

func (p parts) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	responses, left := next(ctx), p.more
	return func(ctx context.Context) *graphql.Response {
		left--
		if more := left > 0; more {
			response := responses(ctx)
			response.HasNext = &more
			return response
		}
		over := false
		return &graphql.Response{HasNext: &over}
	}
}

func TestAMutationStopsWhenItsClientLeaves(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(started())
	var asked atomic.Int32
	exec := graph.NewExecutor(quiet(graph.Config{Resolvers: mutations{do: func() {
		asked.Add(1)
		leave()
	}}}))
	text := "mutation {" + numbered(10, `a#:createPipeline(input:{name:"x"}){pipeline{id}}`) + "}"
	operation, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: text})
	if errs != nil {
		t.Fatal(errs)
	}
	next, running := exec.DispatchOperation(ctx, operation)
	next(running)
	if got := asked.Load(); got != 1 {
		t.Errorf("%d fields were executed, want the one during which the client left", got)
	}
}

// mutations do what a function does, whatever is to be changed.
type mutations struct {
	generated.ResolverRoot
	generated.MutationResolver
	do func()
}

func (m mutations) Mutation() generated.MutationResolver { return m }

func (m mutations) CreatePipeline(context.Context, wire.CreatePipelineInput) (*wire.PipelineResult, error) {
	m.do()
	return nil, nil
}

func TestPersistedQueriesAreLearnedOnceTheyAreGood(t *testing.T) {
	t.Parallel()
	exec := graph.NewExecutor(quiet(graph.Config{Limits: document.Limits{Aliases: 1}}))
	create := func(text, hash string) string {
		params := &graphql.RawParams{Query: text}
		if hash != "" {
			params.Extensions = map[string]any{"persistedQuery": map[string]any{"version": json.Number("1"), "sha256Hash": hash}}
		}
		operation, errs := exec.CreateOperationContext(started(), params)
		if len(errs) == 0 {
			return operation.RawQuery
		}
		shown := exec.DispatchError(graphql.WithOperationContext(started(), operation), errs)
		return shown.Errors[0].Extensions["code"].(string) + " " + shown.Errors[0].Message
	}
	const good = "{ __typename }"
	for _, step := range []struct{ name, text, hash, want string }{
		{"nothing at all", "", "", "BAD_REQUEST the query is missing"},
		{"an unknown hash", "", sum(good), "PERSISTED_QUERY_NOT_FOUND PersistedQueryNotFound"},
		{"a wrong hash", good, sum("other"), "BAD_REQUEST provided sha does not match query"},
		{"the wrong hash again", "", sum("other"), "PERSISTED_QUERY_NOT_FOUND PersistedQueryNotFound"},
		{"text and hash", good, sum(good), good},
		{"the hash alone", "", sum(good), good},
		{"what does not parse", "{", sum("{"), "GRAPHQL_PARSE_FAILED Expected Name, found <EOF>"},
		{"its hash", "", sum("{"), "PERSISTED_QUERY_NOT_FOUND PersistedQueryNotFound"},
		{"what is over a limit", "{a:__typename b:__typename}", sum("{a:__typename b:__typename}"), "LIMIT_EXCEEDED aliases: 2 found, 1 allowed"},
		{"that one's hash", "", sum("{a:__typename b:__typename}"), "PERSISTED_QUERY_NOT_FOUND PersistedQueryNotFound"},
	} {
		if got := create(step.text, step.hash); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
}

func sum(text string) string {
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:])
}

func TestOnlyTrustedDocumentsRunWhereTheyAreRequired(t *testing.T) {
	t.Parallel()
	trusted, err := persisted.Parse([]byte(`{"an-id":"query Trusted { __typename }"}`))
	if err != nil {
		t.Fatal(err)
	}
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{Persisted: persisted.Config{Trusted: trusted, Mode: persisted.Require}})))
	if got := ask(t, handler, "query Trusted { __typename }", nil); got.code() != "" {
		t.Errorf("trusted: %+v", got.Errors)
	}
	if got := ask(t, handler, "{ __typename }", nil); got.code() != persisted.CodeUntrusted {
		t.Errorf("untrusted: %+v, want %s", got.Errors, persisted.CodeUntrusted)
	}
}

func TestTrustedDocumentsThatCouldNotRunAreNamed(t *testing.T) {
	t.Parallel()
	for manifest, want := range map[string]string{
		`{"ok":"query A { __typename }"}`:                         "",
		`{"bad":"query A { nothing }"}`:                           `trusted document bad: Cannot query field "nothing"`,
		`{"bad":"{"}`:                                             "trusted document bad: Expected Name",
		`{"bad":"query A { __typename } query B { __typename }"}`: "trusted document bad: its body has no one operation",
		`{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"1","name":"A","type":"query","body":"query B { __typename }"}]}`:    "trusted document A (1): its body has no query of that name",
		`{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"1","name":"A","type":"mutation","body":"query A { __typename }"}]}`: "trusted document A (1): its body has no mutation",
	} {
		trusted, err := persisted.Parse([]byte(manifest))
		if err != nil {
			t.Fatal(err)
		}
		err = graph.CheckTrusted(graph.Config{Persisted: persisted.Config{Trusted: trusted}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %q", manifest, err, want)
		}
	}
}
