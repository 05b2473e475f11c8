package document_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/graph/document"
)

func prepare(t *testing.T, config document.Config, text string) (*document.Document, gqlerror.List) {
	t.Helper()
	return document.New(schema, config).Prepare(text)
}

func TestDocumentsThatFrontEndsSendArePrepared(t *testing.T) {
	t.Parallel()
	introspection, err := os.ReadFile("testdata/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	fields := "{ id timeZone units latitude longitude freshness { state provider expiresAt } current { time temperature humidity windSpeed } }"
	for name, text := range map[string]string{
		"graphql-js' introspection, all options": string(introspection),
		"a hundred cities by a variable":         "query ($names: [String!]!) { cities(names: $names) { name weather " + fields + " } }",
		"a hundred cities by variables": "query (" + repeat(100, "$c#: String!") + ") { " +
			repeat(100, "c#: weather(city: $c#) { current { temperature } }") + " }",
		"a hundred aliases with many fields": "{ " + repeat(100, `c#: weather(city: "c#") `+fields) + " }",
		"fields in fragments of components": "{ city(name: \"x\") { " + repeat(40, "...F#") + " } }" +
			repeat(40, "fragment F# on City { __typename id name weather { __typename id current { temperature } } }"),
	} {
		if _, errs := prepare(t, document.Config{}, text); errs != nil {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

func TestLimitsAreNamedWithWhatWasFoundAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		limit  string
		limits document.Limits
		found  int
		text   string
	}{
		{"characters", document.Limits{Characters: 20}, 21, strings.Repeat("é", 21)},
		{"tokens", document.Limits{Tokens: 3}, 4, "{ __typename # one\n }"},
		{"nameLength", document.Limits{NameLength: 10}, 11, "{ abcdefghijk }"},
		{"nesting", document.Limits{Nesting: 3}, 4, `{ nodes(ids: [[[""]]]) { id } }`},
		{"nesting", document.Limits{Tokens: 100_000}, 100_000, strings.Repeat("{ ", 100_000)},
		{"operations", document.Limits{Operations: 1}, 2, "query A { __typename } query B { __typename }"},
		{"fragments", document.Limits{Fragments: 1}, 2, "{ ...A ...B } fragment A on Query { __typename } fragment B on Query { __typename }"},
		{"variables", document.Limits{Variables: 1}, 2, "query ($a: Int, $b: Int) { __typename }"},
		{"depth", document.Limits{Depth: 3}, 4, `{ city(name: "x") { ...F } } fragment F on City { weather { ... { city { id } } } }`},
		{"rootFields", document.Limits{RootFields: 2}, 4, "{ ...F ...F } fragment F on Query { __typename a: __typename }"},
		{"aliases", document.Limits{Aliases: 1}, 2, "{ a: __typename ...F ...F } fragment F on Query { b: __typename }"},
		{"directives", document.Limits{Directives: 2}, 3, "query ($a: Int @x) @y { __typename @z }"},
		{"directivesPerLocation", document.Limits{DirectivesPerLocation: 1}, 2, "{ ... @a @b { __typename } }"},
		{"validationSteps", document.Limits{ValidationSteps: 9}, 10, `{ city(name: "x") { ...F } } fragment F on City { id ...G } fragment G on City { name }`},
		{"fieldsPerKey", document.Limits{FieldsPerKey: 2}, 3, `{ city(name: "x") { id } ...F city(name: "x") { id } } fragment F on Query { city(name: "x") { name } }`},
		{"keysPerSelection", document.Limits{KeysPerSelection: 2}, 3, `{ city(name: "x") { id } city(name: "x") { name ... { country } } }`},
		{"mergeSteps", document.Limits{MergeSteps: 4}, 5, "{ a: __typename b: __typename c: __typename d: __typename }"},
	} {
		_, errs := prepare(t, document.Config{Limits: c.limits}, c.text)
		if len(errs) != 1 {
			t.Errorf("%s: errors = %v, want one", c.limit, errs)
			continue
		}
		e := errs[0].Extensions
		if e["code"] != "LIMIT_EXCEEDED" || e["limit"] != c.limit || e["found"] != c.found {
			t.Errorf("%s: extensions = %v, want %d found", c.limit, e, c.found)
		}
		if !strings.Contains(errs[0].Message, fmt.Sprint(e["allowed"])) || !strings.Contains(errs[0].Message, c.limit) {
			t.Errorf("%s: message = %q", c.limit, errs[0].Message)
		}
	}
}

func TestDocumentsThatAreNotValidAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{":                                     "GRAPHQL_PARSE_FAILED",
		"fragment F on Query { __typename }":    "GRAPHQL_VALIDATION_FAILED",
		"":                                      "GRAPHQL_VALIDATION_FAILED",
		"{ ...A } fragment A on Query { ...A }": "GRAPHQL_VALIDATION_FAILED",
		"{ ...A } fragment A on Query { ...B } fragment B on Query { ... { ...A } }":                  "GRAPHQL_VALIDATION_FAILED",
		"{ __typename @include(if: true) @include(if: true) }":                                        "GRAPHQL_VALIDATION_FAILED",
		`{ pipelines(first: 2147483648) { totalCount } }`:                                             "GRAPHQL_VALIDATION_FAILED",
		`query ($n: Int = 2147483648) { pipelines(first: $n) { totalCount } }`:                        "GRAPHQL_VALIDATION_FAILED",
		`{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }`: "GRAPHQL_VALIDATION_FAILED",
		"{ __typename " + repeat(90, "@aa") + "}":                                                     "LIMIT_EXCEEDED",
		`{ weather(city: "\u{110000}") { id } }`:                                                      "GRAPHQL_PARSE_FAILED",
	} {
		_, errs := prepare(t, document.Config{}, text)
		if len(errs) == 0 || errs[0].Extensions["code"] != want {
			t.Errorf("%.60s: errors = %v, want %s", text, errs, want)
		}
	}
}

func TestValidationStopsAfterSomeErrors(t *testing.T) {
	t.Parallel()
	_, errs := prepare(t, document.Config{Limits: document.Limits{Errors: 3}}, "{ "+repeat(10, "nothing#")+" }")
	if len(errs) != 4 || !strings.Contains(errs[3].Message, "stops after 3") {
		t.Errorf("errors = %v, want three and one that says there were more", errs)
	}
}

func TestErrorsDoNotRepeatLongTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{ weather(city: "x", units: "` + strings.Repeat("é", 50_000) + `") { id } }`,
		`{ weather(city: [` + repeat(1000, `"x"`) + `]) { id } }`,
		strings.Repeat("é", 10_000),
	} {
		_, errs := prepare(t, document.Config{}, text)
		if len(errs) == 0 {
			t.Errorf("%.40s is prepared", text)
		}
		for _, err := range errs {
			if len(err.Message) > 310 || !strings.HasSuffix(err.Message, "…") && len(err.Message) > 300 {
				t.Errorf("%.40s: a message of %d bytes", text, len(err.Message))
			}
		}
	}
}

func TestAHiddenSchemaIsNeitherToldNorHintedAt(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{ __schema { types { name } } }", `{ t: __type(name: "City") { name } }`, "{ ... { ...F } } fragment F on Query { __schema { description } }"} {
		_, errs := prepare(t, document.Config{HideSchema: true}, text)
		if len(errs) == 0 || errs[0].Extensions["validationErrorCode"] != "INTROSPECTION_DISABLED" {
			t.Errorf("%s: errors = %v, want introspection refused", text, errs)
		}
		if _, errs := prepare(t, document.Config{}, text); errs != nil {
			t.Errorf("%s: errors = %v where the schema may be told", text, errs)
		}
	}
	if _, errs := prepare(t, document.Config{HideSchema: true}, "{ __typename }"); errs != nil {
		t.Errorf("__typename: errors = %v", errs)
	}
	for _, text := range []string{
		`{ wether(city: "x") { id } }`, `{ weather(cty: "x", city: "x") { id } }`, `{ weather(city: "x") }`, `{ ...F } fragment F on Querry { id }`,
		`{ weather(city: "x", units: METRICS) { id } }`, `{ records(filter: {stats: [DEAD]}) { totalCount } }`, `{ node(id: "x") { temperature } }`,
		`{ __typename @skipp(if: true) }`, `{ weather(city: "x") @skip(iff: true) { id } }`,
	} {
		for _, hidden := range []bool{true, false} {
			_, errs := prepare(t, document.Config{HideSchema: hidden}, text)
			if len(errs) == 0 || hidden && strings.Contains(fmt.Sprint(errs), "Did you mean") {
				t.Errorf("%s: hidden %t: errors = %v", text, hidden, errs)
			}
		}
	}
	if _, errs := prepare(t, document.Config{}, `{ wether(city: "x") { id } }`); !strings.Contains(fmt.Sprint(errs), `Did you mean "weather"`) {
		t.Errorf("errors = %v, want a suggestion where the schema is told", errs)
	}
}

func TestDeferIsLeftOutWhereTheAnswerComesInOnePiece(t *testing.T) {
	t.Parallel()
	text := `query Q { ...F @defer ... @defer(label: "x") { __typename } city(name: "x") { ... @defer { id } ...G } }
		fragment F on Query { weather(city: "x") { ... @include(if: true) @defer { id } } }
		fragment G on City { name }
		mutation M { processPayload(input: {payload: {}}) { record { ... @defer { id } } } }`
	d, errs := prepare(t, document.Config{}, text)
	if errs != nil {
		t.Fatal(errs)
	}
	for _, c := range []struct {
		name        string
		incremental bool
		want        bool
	}{{"Q", true, true}, {"Q", false, false}, {"M", true, false}, {"M", false, false}} {
		if got := d.For(c.name, c.incremental); hasDefer(got, got.Operations.ForName(c.name).SelectionSet) != c.want {
			t.Errorf("%+v: has @defer: %t", c, !c.want)
		}
	}
	plain, whole := d.For("Q", false), d.For("Q", true)
	if spread := plain.Operations[0].SelectionSet[0].(*ast.FragmentSpread); spread.Definition != plain.Fragments.ForName("F") {
		t.Error("a spread of the copy does not lead to the copy of its fragment")
	}
	if !hasDefer(whole, whole.Operations[0].SelectionSet) {
		t.Error("the original has been changed")
	}
}

func hasDefer(d *ast.QueryDocument, set ast.SelectionSet) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if hasDefer(d, s.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if s.Directives.ForName("defer") != nil || hasDefer(d, s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if s.Directives.ForName("defer") != nil || hasDefer(d, s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

func TestADocumentIsPreparedOnceAndShared(t *testing.T) {
	t.Parallel()
	documents := document.New(schema, document.Config{})
	first, errs := documents.Prepare("{ __typename }")
	if errs != nil {
		t.Fatal(errs)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if again, errs := documents.Prepare("{ __typename }"); errs != nil || again != first {
				t.Errorf("Prepare = %p %v, want %p", again, errs, first)
			}
		})
	}
	wait.Wait()
}

func TestEverNewDocumentsDoNotFillTheMemory(t *testing.T) { //nolint:paralleltest // it measures the heap
	documents := document.New(schema, document.Config{})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	aliases := repeat(20, "a#:__typename")
	for i := range 20_000 {
		if _, errs := documents.Prepare(fmt.Sprintf("query Q%d {%s}", i, aliases)); errs != nil {
			t.Fatal(errs)
		}
	}
	after := heap()
	grown := int64(after) - int64(before)
	t.Logf("grown by %d kB", grown>>10)
	if most := int64(48 << 20); grown > most {
		t.Errorf("the heap has grown by %d bytes, want at most %d", grown, most)
	}
	runtime.KeepAlive(documents)
}

func TestAStringWithHalfACharacterIsNotRead(t *testing.T) {
	t.Parallel()
	documents := document.New(schema, document.Config{})
	for text, code := range map[string]string{
		`{ city(name: "\uD800") { id } }`:                        "GRAPHQL_PARSE_FAILED",
		`{ city(name: "\uDE00\uD83D") { id } }`:                  "GRAPHQL_PARSE_FAILED",
		`{ city(name: "\u{D800}") { id } }`:                      "GRAPHQL_PARSE_FAILED",
		`{ city(name: "\uD83D\uDE00 \u{1F600} \u00e9") { id } }`: "",
		`{ city(name: "\uFFFD") { id } } # \uD800`:               "GRAPHQL_PARSE_FAILED", // refused rather than looked at closely
		`{ city(name: "\uFFFD") { id } }`:                        "",
	} {
		_, errs := documents.Prepare(text)
		got := ""
		if len(errs) > 0 {
			got, _ = errs[0].Extensions["code"].(string)
		}
		if got != code {
			t.Errorf("%s: %q, want %q", text, got, code)
		}
	}
}
