package graph

import (
	"context"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// active counts the operations under way. It is read when somebody looks, so
// that an operation costs two additions.
type active struct{ queries, mutations, subscriptions atomic.Int64 }

func newActive() *active {
	a := &active{}
	_, _ = meter.Int64ObservableUpDownCounter("graphql.server.active_operations",
		metric.WithDescription("Operations under way, by type."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for _, kind := range []ast.Operation{ast.Query, ast.Mutation, ast.Subscription} {
				o.Observe(a.of(kind).Load(), metric.WithAttributes(attribute.String("graphql.operation.type", string(kind))))
			}
			return nil
		}))
	return a
}

func (a *active) begin(kind ast.Operation) { a.of(kind).Add(1) }
func (a *active) end(kind ast.Operation)   { a.of(kind).Add(-1) }

func (a *active) of(kind ast.Operation) *atomic.Int64 {
	switch kind {
	case ast.Mutation:
		return &a.mutations
	case ast.Subscription:
		return &a.subscriptions
	}
	return &a.queries
}
