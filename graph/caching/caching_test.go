package caching_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"barograph/graph/caching"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "test", Input: `
	enum CacheControlScope { PUBLIC PRIVATE }
	directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION

	type Query {
		number: Int
		lasting: Int @cacheControl(maxAge: 60)
		mine: Int @cacheControl(maxAge: 60, scope: PRIVATE)
		plain: Plain
		plainForAWhile: Plain @cacheControl(maxAge: 50)
		plainInheriting: Plain @cacheControl(inheritMaxAge: true)
		book: Book
		books: [Book!]!
		newBook: Book @cacheControl(maxAge: 10)
		bookInheriting: Book @cacheControl(inheritMaxAge: true)
		bookInPublic: Book @cacheControl(scope: PUBLIC)
		thing: Thing @cacheControl(maxAge: 500)
		either: Either
		detail: Detail
	}
	type Mutation { change: Int @cacheControl(maxAge: 60) }
	type Plain { id: ID  book: Book }
	type Book implements Thing @cacheControl(maxAge: 100) {
		id: ID  price: Int @cacheControl(maxAge: 5)
		plain: Plain  detail: Detail  author: Author
		plainInheriting: Plain @cacheControl(inheritMaxAge: true)
		secret: Int @cacheControl(scope: PRIVATE)
	}
	type Author @cacheControl(maxAge: 90, scope: PRIVATE) { name: String }
	type Detail @cacheControl(inheritMaxAge: true) { text: String }
	interface Thing { id: ID  price: Int }
	union Either @cacheControl(maxAge: 70) = Plain | Book
`})

func policy(t *testing.T, document string, variables map[string]any) caching.Policy {
	t.Helper()
	parsed, errs := gqlparser.LoadQueryWithRules(schema, document, rules.NewDefaultRules())
	if errs != nil {
		t.Fatalf("%s: %v", document, errs)
	}
	return caching.NewRules(schema).Policy(parsed.Operations[0], variables)
}

func TestTheStrictestRuleOfTheSchemaWins(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`{ number }`:                                      "no-store",
		`{ lasting }`:                                     "max-age=60, public",
		`{ lasting number }`:                              "no-store",
		`{ lasting mine }`:                                "max-age=60, private",
		`{ plain { id } }`:                                "no-store",
		`{ plainForAWhile { id } }`:                       "max-age=50, public",
		`{ plainInheriting { id } }`:                      "no-store", // a root field has nobody to inherit from
		`{ book { id } }`:                                 "max-age=100, public",
		`{ books { id } }`:                                "max-age=100, public",
		`{ newBook { id } }`:                              "max-age=10, public",
		`{ bookInheriting { id } }`:                       "max-age=100, public",
		`{ book { id price } }`:                           "max-age=5, public",
		`{ book { plain { id } } }`:                       "no-store",
		`{ book { plainInheriting { id } } }`:             "max-age=100, public",
		`{ book { detail { text } } }`:                    "max-age=100, public",
		`{ detail { text } }`:                             "no-store",
		`{ book { author { name } } }`:                    "max-age=90, private",
		`{ bookInPublic { id } }`:                         "max-age=100, public",
		`{ book { secret } }`:                             "max-age=100, private",
		`{ thing { id } }`:                                "max-age=500, public",
		`{ thing { price } }`:                             "max-age=5, public",
		`{ thing { ... on Book { price } } }`:             "max-age=5, public",
		`{ either { __typename } }`:                       "max-age=70, public",
		`{ __typename }`:                                  "no-store",
		`{ __schema { types { name } } }`:                 "no-store",
		`{ lasting __typename }`:                          "max-age=60, public",
		`{ lasting ...F } fragment F on Query { number }`: "no-store",
		`{ lasting ... on Query { mine } }`:               "max-age=60, private",
		`{ lasting number @skip(if: true) }`:              "max-age=60, public",
		`{ lasting number @include(if: false) }`:          "max-age=60, public",
		`{ lasting number @include(if: true) }`:           "no-store",
		`{ lasting ... @skip(if: true) { number } }`:      "max-age=60, public",
		`mutation { change }`:                             "no-store",
	} {
		if got := policy(t, document, nil).Header(); got != want {
			t.Errorf("%s: %s, want %s", document, got, want)
		}
	}
}

func TestWhatVariablesLeaveOutDoesNotCount(t *testing.T) {
	t.Parallel()
	const document = `query ($all: Boolean!) { lasting ...F @include(if: $all) } fragment F on Query { number }`
	for all, want := range map[bool]time.Duration{false: time.Minute, true: 0} {
		if got := policy(t, document, map[string]any{"all": all}).MaxAge; got != want {
			t.Errorf("with all = %t: %v, want %v", all, got, want)
		}
	}
}

func TestFragmentsAreWalkedOnce(t *testing.T) {
	t.Parallel()
	const depth = 60 // twice at each: 2^60 walks
	var document strings.Builder
	document.WriteString(`{ book { ...F0 } }`)
	for i := range depth {
		_, _ = fmt.Fprintf(&document, ` fragment F%d on Book { ...F%d ...F%[2]d }`, i, i+1)
	}
	_, _ = fmt.Fprintf(&document, ` fragment F%d on Book { price }`, depth)
	if got := policy(t, document.String(), nil).MaxAge; got != 5*time.Second {
		t.Errorf("maxAge = %v, want 5s", got)
	}
}

func TestResolversLimitWhatTheSchemaAllows(t *testing.T) {
	t.Parallel()
	ctx, hints := caching.Collect(t.Context())
	static := caching.Policy{MaxAge: time.Minute, Private: true}
	if got := hints.Policy(static); got != static {
		t.Errorf("without hints: %+v, want %+v", got, static)
	}
	var limiting sync.WaitGroup
	for i := range 50 {
		limiting.Go(func() { caching.Limit(ctx, time.Duration(i+10)*time.Second) })
	}
	limiting.Wait()
	if got := hints.Policy(static); got != (caching.Policy{MaxAge: 10 * time.Second, Private: true}) {
		t.Errorf("with hints of 10 s and more: %+v", got)
	}
	caching.Limit(ctx, -time.Second)
	if got := hints.Policy(static).Header(); got != "no-store" {
		t.Errorf("with a hint in the past: %s", got)
	}
	caching.Limit(t.Context(), 0) // where nobody collects, nothing happens
}

func TestPoliciesTogetherAreTheStrictest(t *testing.T) {
	t.Parallel()
	got := caching.Policy{MaxAge: time.Minute}.Within(caching.Policy{MaxAge: time.Hour, Private: true})
	if want := (caching.Policy{MaxAge: time.Minute, Private: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (caching.Policy{MaxAge: 999 * time.Millisecond}).Header(); got != "no-store" {
		t.Errorf("less than a second: %s", got)
	}
}

func TestWithoutRulesNothingIsKept(t *testing.T) {
	t.Parallel()
	var none *caching.Rules
	if got := none.Policy(&ast.OperationDefinition{Operation: ast.Query}, nil); got != (caching.Policy{}) {
		t.Errorf("%+v", got)
	}
}
