package transport

import "context"

type incrementalKey struct{}

// withIncremental says that the answer may come in parts.
func withIncremental(ctx context.Context) context.Context {
	return context.WithValue(ctx, incrementalKey{}, true)
}

// Incremental reports whether the answer may come in parts, so that what is
// deferred comes later. Otherwise the whole of it has to be in the first one.
func Incremental(ctx context.Context) bool { return ctx.Value(incrementalKey{}) != nil }
