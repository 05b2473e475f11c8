package document_test

import (
	"testing"

	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/vektah/gqlparser/v2/validator"

	"barograph/graph/document"
)

// FuzzPrepare compares the merging of fields with gqlparser's, which compares
// each two, for whatever is small enough for that.
func FuzzPrepare(f *testing.F) {
	for _, h := range hostiles() {
		f.Add(h.text(3))
	}
	for _, text := range []string{
		`{ node(id: "x") { ... on City { n: name } ... on Weather { n: latitude } } }`,
		`{ a: city(name: "x") { ...A } b: city(name: "y") { ...A x: name } } fragment A on City { x: country }`,
		`{ city(name: "x") { id } ... @defer { city(name: "y") { id } } }`,
		`query ($n: Int = 3) { records(first: $n, filter: {states: [DEAD]}) { nodes { payload } } }`,
	} {
		f.Add(text)
	}
	limits := document.Limits{Tokens: 300, Depth: 12, FieldsPerKey: 1000}
	documents := document.New(schema, document.Config{Limits: limits})
	f.Fuzz(func(t *testing.T, text string) {
		prepared, errs := documents.Prepare(text)
		if prepared == nil {
			if len(errs) == 0 {
				t.Fatal("neither a document nor an error")
			}
			return
		}
		whole := prepared.For(prepared.For("", false).Operations[0].Name, true)
		conflicts := validator.ValidateWithRules(schema, whole, rules.NewRules(rules.OverlappingFieldsCanBeMergedRule))
		if len(conflicts) > 0 {
			t.Errorf("prepared, and gqlparser finds %v", conflicts)
		}
	})
}
