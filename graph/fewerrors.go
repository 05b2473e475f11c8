package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/internal/fault"
)

// DefaultErrorLimit is how many errors an answer tells where nobody says
// otherwise.
const DefaultErrorLimit = 1000

// fewErrors keeps the errors of an answer few: a last one says how many more
// there were.
func fewErrors(most int) graphql.ResponseMiddleware {
	if most <= 0 {
		most = DefaultErrorLimit
	}
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		response := next(ctx)
		if response == nil || len(response.Errors) <= most {
			return response
		}
		more := len(response.Errors) - most
		response.Errors = append(response.Errors[:most:most], &gqlerror.Error{
			Message:    fmt.Sprintf("%d more errors are left out", more),
			Extensions: map[string]any{"code": fault.LimitExceeded.Code(), "limit": "errors", "found": more + most, "allowed": most},
		})
		return response
	}
}
