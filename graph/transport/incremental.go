package transport

import (
	"context"

	"barograph/graph/incremental"
)

// Incremental reports whether the answer may come in parts, so that what is
// deferred comes later. Otherwise the whole of it has to be in the first one.
func Incremental(ctx context.Context) bool { return incremental.Accepted(ctx) }
