// Package federation is what makes the gateway a subgraph of Apollo Federation 2:
// which schema it serves with that surface and without, and what it says of
// itself to be composed. Resolving entities is left to the resolvers.
//
// The code generated from the schema always has the surface; what is not in the
// schema that is served can neither be asked for nor seen, so that one program
// serves both. gqlgen's own plugin would write the directives, which only routers
// need, into the schema that every client reads.
package federation

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"barograph/graph/generated"
)

// directives say which types are entities, and by which keys.
const directives = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable", "@authenticated", "@requiresScopes"])

scalar federation__Scope

extend type City @key(fields: "id")
extend type Pipeline @key(fields: "id") @key(fields: "name")
extend type Record @key(fields: "id")
`

const (
	serviceField  = "_service"
	entitiesField = "_entities"
)

var surface = []string{"_Service", "_Any", "_Entity"}

// SDL returns what the subgraph is composed from: the schema that clients see,
// and the directives. Of these, @shareable says something only where the fields
// are: other subgraphs have the page info of the Relay convention too. And the
// scopes of @requiresScopes are of Federation's own type: a type that is imported
// from there is no subgraph's, and ours is that of fields and arguments too.
func SDL() string {
	text := full().Types["PageInfo"].Position.Src.Input
	return strings.NewReplacer(
		"\ntype PageInfo ", "\ntype PageInfo @shareable ",
		"scopes: [[Scope!]!]!", "scopes: [[federation__Scope!]!]!",
	).Replace(text) + directives
}

// Schema returns the schema to serve, with the surface or without.
func Schema(with bool) *ast.Schema {
	schema := *full()
	if with {
		return &schema
	}
	query := *schema.Query
	query.Fields = slices.DeleteFunc(slices.Clone(query.Fields), func(f *ast.FieldDefinition) bool {
		return f.Name == serviceField || f.Name == entitiesField
	})
	schema.Query = &query
	schema.Types, schema.PossibleTypes, schema.Implements = maps.Clone(schema.Types), maps.Clone(schema.PossibleTypes), maps.Clone(schema.Implements)
	schema.Types[query.Name], schema.PossibleTypes[query.Name] = &query, []*ast.Definition{&query}
	for _, name := range surface {
		delete(schema.Types, name)
		delete(schema.PossibleTypes, name)
	}
	for name, of := range schema.Implements { // the unions and interfaces that a type is in
		schema.Implements[name] = slices.DeleteFunc(slices.Clone(of), func(d *ast.Definition) bool { return slices.Contains(surface, d.Name) })
	}
	return &schema
}

// full returns the schema that code was generated from.
func full() *ast.Schema { return generated.NewExecutableSchema(generated.Config{}).Schema() }
