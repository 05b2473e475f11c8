package attacks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"barograph/graph/document"
)

const (
	limited = "LIMIT_EXCEEDED"
	invalid = "GRAPHQL_VALIDATION_FAILED"
	unread  = "GRAPHQL_PARSE_FAILED"
)

// TestDocumentsThatHurtAreRefused tries what a document can do to a server.
func TestDocumentsThatHurtAreRefused(t *testing.T) {
	t.Parallel()
	try(t, start(t), []attack{
		{id: "A003", name: "alias brute force of ids", run: func(t *testing.T, g *gateway) {
			guesses := func(n int) string {
				return "{" + numbered(n, `a%d: pipeline(name: "guess-%[1]d") { id }`) + "}"
			}
			if got := g.ask(t, guesses(100)); got.status != http.StatusOK || strings.Count(got.body, ":null") != 100 || got.codes() != nil {
				t.Errorf("100 guesses are answered %s, want 100 times null", got)
			}
			g.refusedQuickly(t, guesses(1000), limited)
		}},
		{id: "A004", name: "directive overloading, same name", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, "{ __typename"+strings.Repeat(" @aa", 20_000)+" }", limited)
			g.refusedQuickly(t, "{ __typename"+strings.Repeat(" @aa", 5)+" }", invalid)
		}},
		{id: "A005", name: "directive overloading, unique names", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, "{ __typename"+numbered(20_000, "@a%d")+" }", limited)
		}},
		{id: "A006", name: "directive overloading, valid directives", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, "{ __typename"+strings.Repeat(" @include(if: true)", 500)+" }", limited)
			g.refusedQuickly(t, "{ __typename"+strings.Repeat(" @include(if: true)", 2)+" }", invalid)
		}},
		{id: "A007", name: "field duplication", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, "{"+strings.Repeat(" __typename", 5_000)+" }", limited)
			g.refusedQuickly(t, "{"+strings.Repeat(" __typename", 20_000)+" }", limited)
		}},
		{id: "A009", name: "overlapping inline fragments", run: func(t *testing.T, g *gateway) {
			inner := strings.Repeat(` ... on Query { weather(city: "x") { id } }`, 100)
			g.refusedQuickly(t, "{"+strings.Repeat(" ... on Query {"+inner+" }", 200)+" }", limited)
		}},
		{id: "A010", name: "overlapping inline fragments below the token limit", run: func(t *testing.T, g *gateway) {
			overlapping := func(fields, tokens int) string {
				fragment, inside := " ... on Query {"+strings.Repeat(" __typename", fields)+" }", tokens-2
				return "{" + strings.Repeat(fragment, inside/(fields+5)) + strings.Repeat(" __typename", inside%(fields+5)) + " }"
			}
			const forTokens = `"limit":"tokens"`
			// Whether one of them is refused or begun, it takes no longer than this.
			for _, fields := range []int{1, 10, 50, 100, 200, 400} {
				got := g.ask(t, overlapping(fields, document.Defaults.Tokens-10))
				if got.work > quick || strings.Contains(got.body, forTokens) {
					t.Errorf("fragments of %d fields are answered %s, want within %v, and not for their tokens", fields, got, quick)
				}
				if got := g.ask(t, overlapping(fields, document.Defaults.Tokens+1)); !strings.Contains(got.body, forTokens) {
					t.Errorf("fragments of %d fields, with a token too many, are answered %s", fields, got)
				}
			}
		}},
		{id: "A011", name: "exponential fragment fan-out kills the complexity counter", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, `{ weather(city: "x") { ...F0 } }`+
				numbered(40, "fragment F%d on Weather { ...F%[2]d ...F%[2]d }")+" fragment F40 on Weather { id }", limited)
		}},
		{id: "A012", name: "exponential fragment fan-out with nested fields", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, `{ city(name: "Oslo") { ...F0 } }`+
				numbered(20, "fragment F%d on City { a: weather { city { ...F%[2]d } } b: weather { city { ...F%[2]d } } }")+
				" fragment F20 on City { id }", limited)
		}},
		{id: "A014", name: "self fragment", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, "{ ...A } fragment A on Query { ...A }", invalid)
			g.refusedQuickly(t, "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", invalid)
		}},
		{id: "A015", name: "deep nesting of a recursive type", run: func(t *testing.T, g *gateway) {
			nested := func(n int) string {
				return `{ city(name: "Oslo") {` + strings.Repeat(" weather { city {", n) + " id" + strings.Repeat(" } }", n) + " } }"
			}
			g.refusedQuickly(t, nested(20), limited)
			g.refusedQuickly(t, nested(5000), limited)
		}},
		{id: "A016", name: "deep nesting hidden in fragments", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, `{ city(name: "Oslo") { ...F0 } }`+
				numbered(40, "fragment F%d on City { weather { city { ...F%[2]d } } }")+" fragment F40 on City { id }", limited)
		}},
		{id: "A018", name: "unclosed selection of 200 000 braces", run: func(t *testing.T, g *gateway) {
			got := g.ask(t, strings.Repeat("{a", 200_000))
			if got.status != http.StatusBadRequest || !got.has(unread) && !got.has(limited) || got.work > quick {
				t.Errorf("answered %s, want a refusal", got)
			}
		}},
		{id: "A023", name: "negative and zero page size", run: func(t *testing.T, g *gateway) {
			for _, size := range []int{-1, 0, -2147483648} {
				got := g.ask(t, fmt.Sprintf("{ records(first: %d) { nodes { id } } }", size))
				if !got.has("BAD_USER_INPUT") {
					t.Errorf("records(first: %d) is answered %s, want BAD_USER_INPUT", size, got)
				}
			}
			// What costs less than nothing would pay for what costs too much.
			g.refusedQuickly(t, "{ free: records(first: -2147483648) { nodes { id } }"+numbered(9, "r%d: records(first: 1000) { nodes { city { weather { current { temperature } } records(first: 1000) { nodes { id } } } } }")+" }", limited)
		}},
		{id: "A025", name: "skip and include to dodge cost", run: func(t *testing.T, g *gateway) {
			const document = `query ($x: Boolean!) { records(first: 1000) @skip(if: $x) { nodes { city { records(first: 1000) { nodes { id } } } } } __typename }`
			if got := g.ask(t, document, map[string]any{"x": false}); !got.has(limited) {
				t.Errorf("what is not skipped is answered %s, want %s", got, limited)
			}
			if got := g.ask(t, document, map[string]any{"x": true}); got.status != http.StatusOK || got.codes() != nil {
				t.Errorf("what is skipped is answered %s", got)
			}
		}},
		{id: "A026", name: "50 operations in one document", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, numbered(50, "query Q%d { __typename }"), limited)
		}},
		{id: "A029", name: "comments and whitespace bomb", run: func(t *testing.T, g *gateway) {
			if got := g.ask(t, "{ __typename #"+strings.Repeat("x", 20<<20)+"\n}"); got.status != http.StatusRequestEntityTooLarge {
				t.Errorf("20 MB of a comment are answered %s, want 413", got)
			}
			g.refusedQuickly(t, "{ __typename #"+strings.Repeat("x", 7<<20)+"\n}", limited)
			g.refusedQuickly(t, "{ __typename "+strings.Repeat(" ,\t\n", 1<<20)+"\n}", limited)
		}},
		{id: "A030", name: "block string and unicode escapes bomb", run: func(t *testing.T, g *gateway) {
			g.refusedQuickly(t, `{ city(name: "`+strings.Repeat(`\u{10FFFF}`, 100_000)+`") { id } }`, limited)
			g.refusedQuickly(t, `{ city(name: """`+strings.Repeat("\n  x", 100_000)+`""") { id } }`, limited)
			g.refusedQuickly(t, `{ city(name: "\u{110000}") { id } }`, unread)
			g.refusedQuickly(t, `{ city(name: "\uD800") { id } }`, unread)
		}},
		{id: "A031", name: "query cache flooding", run: func(t *testing.T, g *gateway) {
			before := g.peakMemory(t)
			padding := strings.Repeat("x", 10_000)
			for i := range 10_000 {
				if got := g.ask(t, fmt.Sprintf("{ a%d: __typename } # %s", i, padding)); got.status != http.StatusOK {
					t.Fatalf("document %d is answered %s", i, got)
				}
			}
			if grown := g.peakMemory(t) - before; grown > 250 {
				t.Errorf("100 MB of documents made the process %d MiB bigger", grown)
			}
		}},
	})
}

// numbered repeats a format with 0, 1, 2 …, each with the number after it.
func numbered(n int, format string) string {
	var text strings.Builder
	for i := range n {
		args := []any{i, i + 1}
		if !strings.Contains(format, "%[2]d") {
			args = args[:1]
		}
		fmt.Fprintf(&text, " "+format, args...)
	}
	return text.String()
}
