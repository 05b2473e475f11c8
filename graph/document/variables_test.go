package document_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"barograph/graph/document"
	"barograph/internal/strictjson"
)

// inputs has an input of each kind, some of them within each other.
var inputs = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { a: Int }
	scalar Any
	enum Size { SMALL LARGE }
	input Tree {
		trees: [Tree!]
		grid: [[Int!]!]! = [[1]]
		sizes: [Size]
		size: Size! = SMALL
		id: ID
		any: Any
		text: String
		ratio: Float
		on: Boolean
		count: Int!
	}
`})

// operation returns one with a variable of that type, nil where no document
// could have it.
func operation(of string) *ast.OperationDefinition {
	parsed, err := parser.ParseQuery(&ast.Source{Input: "query ($v: " + of + ") { a }"})
	if err != nil || len(parsed.Operations) != 1 {
		return nil
	}
	for _, variable := range parsed.Operations[0].VariableDefinitions {
		variable.Definition = inputs.Types[variable.Type.Name()]
		if variable.Definition == nil || !variable.Definition.IsInputType() || variable.DefaultValue != nil {
			return nil
		}
	}
	return parsed.Operations[0]
}

// FuzzVariables looks for values that pass and that gqlparser cannot coerce, or
// does not find to be those that passed.
func FuzzVariables(f *testing.F) {
	documents := document.New(inputs, document.Config{})
	for of, value := range map[string]string{
		"Tree!":        `{"count": 1e3, "trees": {"count": 1.0, "trees": []}, "grid": [1, [2]], "id": 7}`,
		"[Tree]!":      `{"count": 1, "any": [1e999, null], "size": "LARGE", "sizes": ["SMALL", null], "ratio": 1, "on": true}`,
		"[[[Int]]]":    `5`,
		"[[Int!]!]":    `[[1, 2], 3, [null]]`,
		"[[Any]]":      `{"a": [1]}`,
		"Int":          `12345678901234567890e-10`,
		"ID!":          `123456789012345678901234567890`,
		"[ID]":         `["a", 1, -0]`,
		"Float":        `-0.0e-9`,
		"[Size!]":      `"small"`,
		"[[String!]!]": `["a", ["b"], null]`,
		"Boolean":      `"true"`,
		"Any!":         `null`,
		"[Any!]":       `[[[[]]]]`,
	} {
		f.Add(of, value)
	}
	f.Fuzz(func(t *testing.T, of, value string) {
		asked := operation(of)
		var given map[string]any
		if asked == nil || strictjson.Unmarshal([]byte(`{"v":`+value+`}`), &given) != nil {
			t.Skip()
		}
		if errs := documents.CheckVariables(asked, given); len(errs) > 0 {
			return
		}
		before := fmt.Sprint(given)
		if errs := documents.CheckVariables(asked, given); len(errs) > 0 || fmt.Sprint(given) != before {
			t.Errorf("%s passes for a %s as %s, and then is %v: %v", value, of, before, given, errs)
		}
		if _, err := validator.VariableValues(inputs, asked, maps.Clone(given)); err != nil {
			t.Errorf("%s passes for a %s as %s, and gqlparser finds %v", value, of, before, err)
		}
	})
}

func TestCheckVariablesIsDeepNoFurtherThanJSON(t *testing.T) {
	t.Parallel()
	var tree any
	for range 10_000 {
		tree = map[string]any{"trees": tree, "any": true, "count": json.Number("1")}
	}
	errs := document.New(inputs, document.Config{}).CheckVariables(operation("Tree"), map[string]any{"v": tree})
	if len(errs) != 3 || !strings.HasSuffix(errs[0].Message, ": nested too deeply") {
		t.Errorf("%d errors, want 3: one for each member that is too deep; the first is %.200v", len(errs), errs)
	}
}

func BenchmarkCheckVariables(b *testing.B) {
	documents := document.New(inputs, document.Config{})
	for name, given := range map[string]string{"none": `{}`, "one": `{"v":{"count":1,"size":"SMALL","id":"x"}}`} {
		b.Run(name, func(b *testing.B) {
			var values map[string]any
			if err := strictjson.Unmarshal([]byte(given), &values); err != nil {
				b.Fatal(err)
			}
			asked := operation("Tree")
			if name == "none" {
				asked = &ast.OperationDefinition{}
			}
			b.ReportAllocs()
			for b.Loop() {
				if errs := documents.CheckVariables(asked, values); errs != nil {
					b.Fatal(errs)
				}
			}
		})
	}
}
