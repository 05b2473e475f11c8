package cost_test

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"barograph/graph/document"
)

// FuzzCost compares the walk, which sees each fragment once, with one that
// enters it at every spread.
func FuzzCost(f *testing.F) {
	for _, text := range []string{
		`{ city(name: "x") { ...A ...A } } fragment A on City { weather { ...B } records { ...C } } fragment B on Weather { id } fragment C on RecordConnection { nodes { id } edges { node { id } } }`,
		`query ($x: Boolean = true) { a: pipelines(first: 3) { ...A } b: pipelines(first: 4) { ...A @skip(if: $x) } } fragment A on PipelineConnection { nodes { records(last: 2) { totalCount } } }`,
		`{ __schema { types { fields { type { ...T } } } } } fragment T on __Type { name ofType { name } }`,
		`mutation { processPayload(input: {payload: {}}) { problems { code } } }`,
		`{ nodes(ids: ["a", "b"]) { ... on City @include(if: false) { weather { hourly { time } } } } }`,
	} {
		f.Add(text)
	}
	documents := document.New(schema, document.Config{Limits: document.Limits{Tokens: 200, Fragments: 8, Depth: 10}})
	f.Fuzz(func(t *testing.T, text string) {
		prepared, errs := documents.Prepare(text)
		if errs != nil {
			return
		}
		for _, operation := range prepared.For("", true).Operations {
			variables, err := validator.VariableValues(schema, operation, nil)
			if err != nil {
				continue
			}
			got, refusal := table.Of(operation, variables)
			if refusal != nil {
				t.Fatalf("refused: %v", refusal)
			}
			plain := *operation
			budget := 20_000
			plain.SelectionSet = inline(operation.SelectionSet, &budget)
			if budget < 0 {
				continue
			}
			want, _ := table.Of(&plain, variables)
			if got != want {
				t.Errorf("cost = %+v, without fragments %+v", got, want)
			}
		}
	})
}

// inline puts what fragments have in the places where they are spread.
func inline(set ast.SelectionSet, budget *int) (plain ast.SelectionSet) {
	for _, selection := range set {
		if *budget--; *budget < 0 {
			return plain
		}
		switch s := selection.(type) {
		case *ast.Field:
			field := *s
			field.SelectionSet = inline(s.SelectionSet, budget)
			plain = append(plain, &field)
		case *ast.InlineFragment:
			fragment := *s
			fragment.SelectionSet = inline(s.SelectionSet, budget)
			plain = append(plain, &fragment)
		case *ast.FragmentSpread:
			plain = append(plain, &ast.InlineFragment{
				TypeCondition: s.Definition.TypeCondition, Directives: s.Directives, SelectionSet: inline(s.Definition.SelectionSet, budget),
			})
		}
	}
	return plain
}
