package graph

import "github.com/99designs/gqlgen/graphql"

// NewExecutor returns what New's handler executes operations with.
func NewExecutor(config Config) graphql.GraphExecutor { return newExecutor(config) }
