// Package generated is what gqlgen makes of the schema. This file alone is
// written by hand: gqlgen asks of _service and _entities not the resolvers but the
// methods below, which its federation plugin would write. The plugin's let no
// entity have an error of its own, and its directives would show in the schema
// that every client reads.
package generated

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"barograph/graph/wire"
)

// A FederationResolver resolves what a router asks of a subgraph. The
// ResolverRoot is one where that can be asked.
type FederationResolver interface {
	Service(ctx context.Context) (wire.Service, error)
	Entities(ctx context.Context, representations []any) ([]wire.Entity, error)
}

var errNoSubgraph = errors.New("the resolvers are not those of a subgraph")

func (ec *executionContext) __resolve__service(ctx context.Context) (wire.Service, error) {
	resolver, ok := ec.Resolvers.(FederationResolver)
	if !ok {
		return wire.Service{}, errNoSubgraph
	}
	return resolver.Service(ctx)
}

// __resolve_entities returns nil, rather than no entities, when it fails.
func (ec *executionContext) __resolve_entities(ctx context.Context, representations []any) any {
	resolver, ok := ec.Resolvers.(FederationResolver)
	if !ok {
		graphql.AddError(ctx, errNoSubgraph)
		return nil
	}
	entities, err := resolver.Entities(ctx, representations)
	if err != nil {
		graphql.AddError(ctx, err)
		return nil
	}
	return entities
}
