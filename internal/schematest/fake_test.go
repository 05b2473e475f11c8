package schematest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/internal/schematest"
)

// A zoo has what a schema can have: an interface, a union, lists of lists, a leaf
// with an argument, inputs in inputs, and a type that only a mutation leads to.
const zoo = `
	scalar Moment
	enum Size { SMALL LARGE }
	interface Named { name: String! }
	type Query { animal(name: String!, size: Size): Named  cages(filter: Filter! = {}): [[Cage!]!]!  keeper: Keeper }
	type Mutation { feed(input: FeedInput!): Feeding }
	type Lion implements Named { name: String!  roar(times: Int! = 1): String  size: Size! }
	type Fish implements Named { name: String!  depth: Float  size: Size }
	union Cage = Lion | Keeper
	type Keeper implements Named { name: String!  since: Moment!  animals: [Lion!] }
	input Filter { sizes: [Size!]  near: Near }
	input Near { x: Float!  y: Float = 0 }
	input FeedInput { animal: ID!  gently: Boolean }
	type Feeding { at: Moment!  enough: Boolean }
`

// A fake answers what its schema allows. Each object of an abstract type is of
// the next possible one.
type fake struct {
	schema *ast.Schema
	null   string // the field that is always null

	mu    sync.Mutex
	turns map[string]int // guarded by mu; by type, how many there were
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct{ Query string }
	_ = json.NewDecoder(r.Body).Decode(&request)
	document, errs := gqlparser.LoadQueryWithRules(f.schema, request.Query, nil)
	if len(errs) > 0 {
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"message": errs.Error()}}})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	operation := document.Operations[0]
	root := f.schema.Query
	if operation.Operation == ast.Mutation {
		root = f.schema.Mutation
	}
	_, _ = fmt.Fprintf(w, `{"data":%s}`, f.object(root, operation.SelectionSet))
}

func (f *fake) object(t *ast.Definition, selections ast.SelectionSet) string {
	if possible := f.schema.GetPossibleTypes(t); t.IsAbstractType() {
		f.turns[t.Name]++
		t = possible[f.turns[t.Name]%len(possible)]
	}
	return "{" + strings.Join(f.members(t, selections), ",") + "}"
}

func (f *fake) members(t *ast.Definition, selections ast.SelectionSet) []string {
	var members []string
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			value := fmt.Sprintf("%q", t.Name)
			if s.Name != "__typename" {
				value = f.value(s.Definition.Type, s.SelectionSet)
			}
			if t.Name+"."+s.Name == f.null {
				value = "null"
			}
			members = append(members, fmt.Sprintf("%q:%s", s.Alias, value))
		case *ast.InlineFragment:
			if s.TypeCondition == t.Name {
				members = append(members, f.members(t, s.SelectionSet)...)
			}
		}
	}
	return members
}

func (f *fake) value(t *ast.Type, selections ast.SelectionSet) string {
	if t.Elem != nil {
		return fmt.Sprintf("[%s,%s]", f.value(t.Elem, selections), f.value(t.Elem, selections))
	}
	switch t.NamedType {
	case "Moment":
		return `"2026-03-01T12:00:00Z"`
	case "Boolean", "Float", "Int":
		return map[string]string{"Boolean": "true", "Float": "1.5", "Int": "1"}[t.NamedType]
	case "Size":
		f.turns["Size"]++
		return []string{`"SMALL"`, `"LARGE"`}[f.turns["Size"]%2]
	case "String", "ID":
		return `"text"`
	}
	return f.object(f.schema.Types[t.NamedType], selections)
}

// ofZoo returns how to test a server that handler is.
func ofZoo(t *testing.T, handler http.Handler) schematest.Config {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return schematest.Config{
		Schema:  gqlparser.MustLoadSchema(&ast.Source{Input: zoo}),
		URL:     server.URL,
		Formats: map[string]schematest.Format{"Moment": schematest.DateTime},
		Values: []schematest.Values{
			{At: "name", Give: []any{"Leo"}}, {At: "times", Give: []any{2}}, {At: "Float", Give: []any{1.5}}, {At: "FeedInput.animal", Give: []any{"1"}},
		},
	}
}

func newFake(null string) *fake {
	return &fake{schema: gqlparser.MustLoadSchema(&ast.Source{Input: zoo}), null: null, turns: make(map[string]int)}
}
