package schemalint

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const connection = "Connection"

// connectionField checks that a field with a connection can be paged both ways,
// and may be null.
func (l *lint) connectionField(at string, f *ast.FieldDefinition) {
	for _, want := range [][2]string{{"first", "Int"}, {"after", "String"}, {"last", "Int"}, {"before", "String"}} {
		if a := f.Arguments.ForName(want[0]); a == nil || a.Type.String() != want[1] {
			l.add(at, f.Position, "is a connection without the argument %s: %s", want[0], want[1])
		}
	}
	if f.Type.NonNull || f.Type.Elem != nil {
		l.add(at, f.Position, "returns %s: a connection is one, and null when it fails", f.Type)
	}
}

// connection checks the type of a connection, and that of its edges.
func (l *lint) connection(t *ast.Definition) {
	of := strings.TrimSuffix(t.Name, connection)
	l.has(t, "edges", "["+of+"Edge!]!")
	l.has(t, "nodes", "["+of+"!]!")
	l.has(t, "pageInfo", "PageInfo!")
	l.has(t, "totalCount", "Int")
	edge := l.schema.Types[of+"Edge"]
	if edge == nil {
		l.add(t.Name, t.Position, "has no type %sEdge beside it", of)
		return
	}
	l.has(edge, "cursor", "String!")
	l.has(edge, "node", of+"!")
}

func (l *lint) has(t *ast.Definition, field, of string) {
	if f := t.Fields.ForName(field); f == nil || f.Type.String() != of {
		l.add(t.Name, t.Position, "has no %s: %s", field, of)
	}
}
