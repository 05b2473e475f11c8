package matrix_test

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// A caller is somebody as the schema sees them: nobody without a name, or somebody
// with scopes.
type caller struct {
	name   string
	scopes []string
}

// refusal returns the code of the error that a caller gets for a field, or "" for
// none. A field takes what is said of it, of the type it is in, and of the one it
// returns; @requiresScopes is met by all scopes in one of its lists.
func refusal(schema *ast.Schema, of *ast.Definition, field *ast.FieldDefinition, c caller) string {
	for _, said := range []ast.DirectiveList{of.Directives, field.Directives, schema.Types[field.Type.Name()].Directives} {
		for _, d := range said {
			switch {
			case d.Name != "authenticated" && d.Name != "requiresScopes":
			case c.name == "":
				return "UNAUTHENTICATED"
			case d.Name == "requiresScopes" && !slices.ContainsFunc(d.Arguments[0].Value.Children, func(list *ast.ChildValue) bool {
				return !slices.ContainsFunc(list.Value.Children, func(scope *ast.ChildValue) bool { return !slices.Contains(c.scopes, scope.Value.Raw) })
			}):
				return "FORBIDDEN"
			}
		}
	}
	return ""
}
