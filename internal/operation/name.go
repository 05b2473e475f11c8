package operation

import "context"

type key struct{}

// Within returns a context in which the operation runs.
func (o *Operation) Within(ctx context.Context) context.Context {
	return context.WithValue(ctx, key{}, o)
}

// Name returns the name of the innermost operation that ctx belongs to, and ""
// outside of any.
func Name(ctx context.Context) string {
	if o, ok := ctx.Value(key{}).(*Operation); ok {
		return o.name
	}
	return ""
}
