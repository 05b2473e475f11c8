// Package schemalint checks that a GraphQL schema follows the project's rules:
// everything is described in sentences; a mutation takes one input and returns a
// result with problems, named after it; connections are whole; custom scalars
// say where they are specified; a deprecation names a remedy and a date; and
// what a root field returns may be null, so that one failure never takes its
// siblings along. It looks at the schema alone, and asks no server.
package schemalint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// A Problem is an element of a schema that breaks a rule.
type Problem struct {
	At   string // as in "Query.city(name:)"
	Why  string
	Line int // in the source
}

// String returns where and what.
func (p Problem) String() string { return fmt.Sprintf("line %d: %s %s", p.Line, p.At, p.Why) }

// Check returns what breaks a rule, in the order of the schema's text.
func Check(schema *ast.Schema) []Problem {
	l := &lint{schema: schema}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		t := schema.Types[name]
		if t.BuiltIn {
			continue
		}
		l.describe(name, t.Position, t.Description)
		l.definition(t)
	}
	l.roots()
	slices.SortStableFunc(l.problems, func(a, b Problem) int { return a.Line - b.Line })
	return l.problems
}

type lint struct {
	schema   *ast.Schema
	problems []Problem
}

func (l *lint) add(at string, position *ast.Position, format string, args ...any) {
	p := Problem{At: at, Why: fmt.Sprintf(format, args...)}
	if position != nil {
		p.Line = position.Line
	}
	l.problems = append(l.problems, p)
}

// definition checks a type and what it is made of.
func (l *lint) definition(t *ast.Definition) {
	l.typeName(t)
	for _, f := range t.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		at := t.Name + "." + f.Name
		l.describe(at, f.Position, f.Description)
		l.deprecation(at, f.Position, f.Directives)
		l.camelCase(at, f.Name, f.Position)
		for _, a := range f.Arguments {
			at := at + "(" + a.Name + ":)"
			l.describe(at, a.Position, a.Description)
			l.deprecation(at, a.Position, a.Directives)
			l.camelCase(at, a.Name, a.Position)
		}
		if strings.HasSuffix(f.Type.Name(), connection) {
			l.connectionField(at, f)
		}
	}
	for _, v := range t.EnumValues {
		at := t.Name + "." + v.Name
		l.describe(at, v.Position, v.Description)
		l.deprecation(at, v.Position, v.Directives)
		if !screaming.MatchString(v.Name) {
			l.add(at, v.Position, "is not in SCREAMING_SNAKE_CASE")
		}
	}
	switch {
	case t.Kind == ast.Scalar && t.Directives.ForName("specifiedBy") == nil:
		l.add(t.Name, t.Position, "does not say by @specifiedBy where it is specified")
	case t.Kind == ast.Object && strings.HasSuffix(t.Name, connection):
		l.connection(t)
	}
}
