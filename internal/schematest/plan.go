package schematest

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// A step is a field on the way from a root to a type.
type step struct {
	of    *ast.Definition // the object type that has it
	field *ast.FieldDefinition
	on    string // the possible type to go on with, when the field's type is abstract
}

// A route leads from a root type to another type.
type route struct {
	root  ast.Operation
	steps []step
}

// routesOf returns the shortest route to every object type that can be reached:
// by a query if there is one, else by a mutation, else by a subscription.
func routesOf(schema *ast.Schema) map[string]route {
	routes := make(map[string]route)
	for _, root := range []struct {
		operation ast.Operation
		of        *ast.Definition
	}{{ast.Query, schema.Query}, {ast.Mutation, schema.Mutation}, {ast.Subscription, schema.Subscription}} {
		if root.of == nil {
			continue
		}
		routes[root.of.Name] = route{root: root.operation}
		for queue := []*ast.Definition{root.of}; len(queue) > 0; queue = queue[1:] {
			from := queue[0]
			for _, f := range fieldsOf(from) {
				to := schema.Types[f.Type.Name()]
				for _, next := range possibleTypes(schema, to) {
					if _, known := routes[next.Name]; known {
						continue
					}
					s := step{of: from, field: f}
					if next != to {
						s.on = next.Name
					}
					steps := append([]step{}, routes[from.Name].steps...)
					routes[next.Name] = route{root.operation, append(steps, s)}
					queue = append(queue, next)
				}
			}
		}
	}
	return routes
}

// possibleTypes returns the object types that a value of a type can have.
func possibleTypes(schema *ast.Schema, t *ast.Definition) []*ast.Definition {
	switch {
	case t.Kind == ast.Object:
		return []*ast.Definition{t}
	case t.IsAbstractType():
		return schema.GetPossibleTypes(t)
	}
	return nil
}

// A target is a field to ask with each value of its arguments: one that leads
// to other types or takes arguments. The rest are asked along with it.
type target struct {
	of    *ast.Definition
	field *ast.FieldDefinition
}

func (t target) name() string { return coordinate(t.of.Name, t.field.Name) }

// targets returns those that can be reached, by type and as declared.
func (s *Suite) targets() []target {
	var targets []target
	for _, t := range typesOf(s.config.Schema) {
		if _, reachable := s.routes[t.Name]; !reachable || t.Kind != ast.Object {
			continue
		}
		for _, f := range fieldsOf(t) {
			if len(f.Arguments) > 0 || s.config.Schema.Types[f.Type.Name()].IsCompositeType() {
				targets = append(targets, target{t, f})
			}
		}
	}
	return targets
}
