package incremental

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// A Counter is told of every object of an operation as it is resolved. It is safe for
// concurrent use.
type Counter interface {
	// Object is called for an object with the fields that are resolved now. They are
	// kept if a later object of the same selection has the same ones.
	Object(ctx context.Context, fields []graphql.CollectedField, kept bool)
	// Rest is called with the fields of an object that come later.
	Rest(fields []graphql.CollectedField)
}

const countKey = "barograph/graph/incremental/count"

// Count has a counter told of an operation's objects. It is called before the
// operation begins.
func Count(operation *graphql.OperationContext, by Counter) {
	operation.Stats.SetExtension(countKey, by)
}

// nobody counts nothing.
type nobody struct{}

func (nobody) Object(context.Context, []graphql.CollectedField, bool) {}
func (nobody) Rest([]graphql.CollectedField)                          {}

func counterOf(operation *graphql.OperationContext) Counter {
	if c, ok := operation.Stats.GetExtension(countKey).(Counter); ok {
		return c
	}
	return nobody{}
}
