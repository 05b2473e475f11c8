package resolvers

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/graph/access"
)

// requested reports whether a field at any of the paths below the one that ctx
// belongs to is asked for at once. One that is deferred comes later, and one that
// whoever asks may not have is not resolved at all.
func requested(ctx context.Context, paths ...string) bool {
	operation, selections := graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx).Field.Selections
	for _, path := range paths {
		if leads(operation, selections, strings.Split(path, ".")) {
			return true
		}
	}
	return false
}

func leads(operation *graphql.OperationContext, selections ast.SelectionSet, path []string) bool {
	for _, f := range graphql.CollectFields(operation, selections, nil) {
		if f.Name == path[0] && !f.IsDeferred() && !access.Denied(operation, f.Field) && (len(path) == 1 || leads(operation, f.Selections, path[1:])) {
			return true
		}
	}
	return false
}
