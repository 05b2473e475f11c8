package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// rooted makes the paths in an event of a subscription begin with its root field,
// as in any other answer: gqlgen resolves each event without it.
func rooted(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	operation := graphql.GetOperationContext(ctx)
	if operation.Operation == nil || operation.Operation.Operation != ast.Subscription {
		return next(ctx)
	}
	root := graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{"Subscription"})
	if len(root) != 1 {
		return next(ctx) // which is refused
	}
	return next(graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Subscription", Field: root[0]}))
}
