package schemalint

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// roots checks the fields of the root types.
func (l *lint) roots() {
	for _, root := range []*ast.Definition{l.schema.Query, l.schema.Mutation, l.schema.Subscription} {
		if root == nil {
			continue
		}
		for _, f := range root.Fields {
			// A list of nullable items holds its failures itself.
			if !strings.HasPrefix(f.Name, "__") && f.Type.NonNull && (f.Type.Elem == nil || f.Type.Elem.NonNull) {
				l.add(root.Name+"."+f.Name, f.Position, "returns %s, which is never null: its failure would take its siblings along", f.Type)
			}
		}
	}
	if l.schema.Mutation == nil {
		return
	}
	for _, f := range l.schema.Mutation.Fields {
		l.mutation(f)
	}
}

// mutation checks that a mutation takes one input and returns one result, each
// named after it, and that the result has room for problems.
func (l *lint) mutation(f *ast.FieldDefinition) {
	at := l.schema.Mutation.Name + "." + f.Name
	name := strings.ToUpper(f.Name[:1]) + f.Name[1:]
	if len(f.Arguments) != 1 || f.Arguments[0].Name != "input" || f.Arguments[0].Type.String() != name+"Input!" {
		l.add(at, f.Position, "does not take input: %sInput! alone", name)
	}
	if f.Type.String() != name+"Result" {
		l.add(at, f.Position, "does not return %sResult", name)
		return
	}
	result := l.schema.Types[f.Type.NamedType]
	if problems := result.Fields.ForName("problems"); problems == nil || problems.Type.String() != "[Problem!]!" {
		l.add(result.Name, result.Position, "has no problems: [Problem!]!")
	}
}
