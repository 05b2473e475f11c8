package access_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/auth"
	"barograph/graph/access"
)

const preamble = `
directive @authenticated on FIELD_DEFINITION | OBJECT
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT
`

func schema(t *testing.T, text string) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "test", Input: preamble + text})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAFieldTakesWhatIsSaidOfItAndOfTheTypesAroundIt(t *testing.T) {
	t.Parallel()
	rules, err := access.NewRules(schema(t, `
		type Query { record: Record @requiresScopes(scopes: [["records:read", "weather:read"], ["audit:read"]]) free: Int @authenticated }
		type Record @requiresScopes(scopes: [["records:read"], ["payloads:write"]]) {
			id: ID
			secret: Secret @authenticated
		}
		type Secret @requiresScopes(scopes: [["keys:write"]]) { text: String }
	`))
	if err != nil {
		t.Fatal(err)
	}
	some := func(s auth.Scopes) *auth.Principal { return &auth.Principal{Kind: auth.Key, Scopes: s} }
	for _, c := range []struct {
		object, field string
		p             *auth.Principal
		want          bool
	}{
		{"Query", "free", &auth.Principal{}, false},
		{"Query", "free", some(0), true},
		{"Query", "record", some(auth.RecordsRead), false},
		{"Query", "record", some(auth.RecordsRead | auth.WeatherRead), true},
		{"Query", "record", some(auth.AuditRead), false}, // the type it returns takes more
		{"Query", "record", some(auth.AuditRead | auth.PayloadsWrite), true},
		{"Query", "record", &auth.Principal{Scopes: auth.All}, false}, // nobody, whatever it has
		{"Record", "id", some(auth.PayloadsWrite), true},
		{"Record", "id", some(auth.KeysWrite), false},
		{"Record", "secret", some(auth.PayloadsWrite), false},
		{"Record", "secret", some(auth.KeysWrite), false},
		{"Record", "secret", some(auth.KeysWrite | auth.RecordsRead), true},
		{"Secret", "text", some(auth.KeysWrite), true},
	} {
		if got := rules.Of(c.object, c.field).Allows(c.p); got != c.want {
			t.Errorf("%s.%s for %q: %t, want %t", c.object, c.field, c.p.Scopes, got, c.want)
		}
	}
}

func TestASchemaThatSaysTooLittleIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`type Query { a: Int }`: "Query.a: nothing says",
		`type Query { a: Int @authenticated b: B } type B { c: Int @authenticated }`:                                             "Query.b: nothing says",
		`type Query { a: Int @requiresScopes(scopes: [["record:read"]]) }`:                                                       "no scope",
		`type Query { a: Int @requiresScopes(scopes: []) }`:                                                                      "names no scopes",
		`type Query { a: Int @requiresScopes(scopes: [[]]) }`:                                                                    "names no scopes",
		`type Query @requiresScopes(scopes: [["a"]]) { a: Int } type B { c: Int }`:                                               "",
		`type Query @authenticated { a: B } type B { c: Int }`:                                                                   "B.c: nothing says",
		`type Query @authenticated { a: I } interface I { b: Int @authenticated } type C implements I @authenticated { b: Int }`: "I.b: a rule in an interface",
	} {
		if _, err := access.NewRules(schema(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
