package federation_test

import (
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"barograph/graph/federation"
)

func TestWithoutTheSurfaceTheSchemaIsTheOneThatClientsRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	want := gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	got := federation.Schema(false)
	if written(got) != written(want) {
		t.Error("the schema served without the surface is not schema.graphqls")
	}
	for name, of := range map[string][2]map[string][]*ast.Definition{
		"possible types": {got.PossibleTypes, want.PossibleTypes},
		"implements":     {got.Implements, want.Implements},
	} {
		if len(of[0]) != len(of[1]) {
			t.Errorf("%s of %d types, want %d", name, len(of[0]), len(of[1]))
		}
		for typ, definitions := range of[1] {
			if names(of[0][typ]) != names(definitions) {
				t.Errorf("%s of %s are %s, want %s", name, typ, names(of[0][typ]), names(definitions))
			}
		}
	}
	if sdl := strings.NewReplacer(" @shareable", "", "federation__Scope", "Scope").Replace(federation.SDL()); !strings.HasPrefix(sdl, string(text)) {
		t.Error("the subgraph is not composed from schema.graphqls")
	}
}

func TestWithTheSurfaceTheSchemaHasItAndNothingIsLost(t *testing.T) {
	t.Parallel()
	_ = federation.Schema(false) // which leaves the other as it is
	schema := federation.Schema(true)
	for _, field := range []string{"_service", "_entities", "weather"} {
		if schema.Query.Fields.ForName(field) == nil {
			t.Errorf("Query has no %s", field)
		}
	}
	if got := names(schema.PossibleTypes["_Entity"]); got != "City Pipeline Record" {
		t.Errorf("_Entity is %s", got)
	}
}

func written(schema *ast.Schema) string {
	var b strings.Builder
	formatter.NewFormatter(&b).FormatSchema(schema)
	return b.String()
}

func names(definitions []*ast.Definition) string {
	all := make([]string, len(definitions))
	for i, d := range definitions {
		all[i] = d.Name
	}
	return strings.Join(all, " ")
}
