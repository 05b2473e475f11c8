package graph

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// DefaultTimeout is how long an operation may take where nobody says otherwise.
const DefaultTimeout = 30 * time.Second

// deadline gives each operation one, from its beginning to the last of its
// responses: what is deferred has no other. A subscription has none, since it is
// a wait for events.
func deadline(timeout time.Duration) graphql.OperationMiddleware {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		if isSubscription(graphql.GetOperationContext(ctx)) {
			return next(ctx)
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		responses := next(ctx)
		return func(ctx context.Context) *graphql.Response {
			over := true
			defer func() {
				if over { // after a panic too
					cancel()
				}
			}()
			response := responses(ctx)
			over = response == nil || response.HasNext == nil || !*response.HasNext
			return response
		}
	}
}

// whileAwaited executes a root field while there is somebody to answer: the
// later ones of a mutation are left when its client does, or its time is up.
func whileAwaited(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	if err := ctx.Err(); err != nil {
		graphql.AddError(ctx, err)
		return graphql.Null
	}
	return next(ctx)
}

func isSubscription(operation *graphql.OperationContext) bool {
	return operation.Operation != nil && operation.Operation.Operation == ast.Subscription
}
