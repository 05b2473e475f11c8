package document

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/internal/strictjson"
)

// CheckVariables returns what is wrong with the values given to the variables
// of an operation, read by strictjson, as the specification has it: gqlparser
// takes "5" for an Int and 5 for a String. What passes, gqlparser can coerce:
// for that, an Int that is written 1.0 or 1e3 becomes 1 or 1000, and a value
// that stands for a list of one becomes that list, both in what was given.
// Custom scalars take any value, and refuse it where it is used.
func (d *Documents) CheckVariables(operation *ast.OperationDefinition, given map[string]any) gqlerror.List {
	v := values{schema: d.schema, most: d.limits.Errors, hidden: d.hidden}
	for _, variable := range operation.VariableDefinitions {
		v.begin(variable)
		value, ok := given[variable.Variable]
		switch {
		case ok:
			given[variable.Variable] = v.coerce(value, variable.Type)
		case variable.Type.NonNull && variable.DefaultValue == nil:
			v.missing(variable.Type)
		}
	}
	if len(v.errs) == 0 {
		v.nulls(operation, given)
	}
	return Shorten(v.errs)
}

// values are those of an operation's variables, on a walk through them.
type values struct {
	schema *ast.Schema
	most   int  // errors that are told
	hidden bool // whether no names are suggested

	variable string        // the one walked through
	position *ast.Position // in the document, of what errors are about
	path     ast.Path      // to where the walk is, "variable" and its name first
	errs     gqlerror.List
}

// begin begins the walk through a variable's value.
func (v *values) begin(variable *ast.VariableDefinition) {
	v.variable, v.position = variable.Variable, variable.Position
	v.path = ast.Path{ast.PathName("variable"), ast.PathName(variable.Variable)}
}

// full reports whether there are as many errors as are told.
func (v *values) full() bool { return len(v.errs) > v.most }

// coerce checks a value of a type, and returns what is to take its place.
func (v *values) coerce(value any, of *ast.Type) any {
	switch {
	case len(v.path) > strictjson.DepthLimit:
		v.wrong("nested too deeply")
	case value == nil:
		if of.NonNull {
			v.wrong("must not be null: its type is %s", typeText(of))
		}
	case of.Elem != nil:
		return v.list(value, of.Elem)
	default:
		switch named := v.schema.Types[of.NamedType]; named.Kind {
		case ast.InputObject:
			v.object(value, named)
		case ast.Enum:
			v.enum(value, named)
		default:
			return v.scalar(value, named)
		}
	}
	return value
}

// list checks the items of a list. What is none is the only item of one.
func (v *values) list(value any, item *ast.Type) any {
	items, ok := value.([]any)
	if !ok {
		return []any{v.coerce(value, item)}
	}
	for i := 0; i < len(items) && !v.full(); i++ {
		v.path = append(v.path, ast.PathIndex(i))
		items[i] = v.coerce(items[i], item)
		v.path = v.path[:len(v.path)-1]
	}
	return items
}

func (v *values) object(value any, of *ast.Definition) {
	members, ok := value.(map[string]any)
	if !ok {
		v.wrong("%s is expected, found %s", expected(of), kindOf(value))
		return
	}
	found := 0
	for _, field := range of.Fields {
		member, ok := members[field.Name]
		if !ok && !required(field) {
			continue
		}
		v.path = append(v.path, ast.PathName(field.Name))
		if ok {
			members[field.Name] = v.coerce(member, field.Type)
			found++
		} else {
			v.missing(field.Type)
		}
		v.path = v.path[:len(v.path)-1]
	}
	if found < len(members) {
		v.unknown(members, of)
	}
}

func required(field *ast.FieldDefinition) bool {
	return field.Type.NonNull && field.DefaultValue == nil
}

// unknown tells of the members that are no fields, always in the same order.
func (v *values) unknown(members map[string]any, of *ast.Definition) {
	var names []string
	for name := range members {
		if of.Fields.ForName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), v.most+1)] {
		v.wrongAt(append(slices.Clone(v.path), ast.PathName(name)), "%s has no field %s", of.Name, quote(name))
	}
}

func (v *values) enum(value any, of *ast.Definition) {
	name, ok := value.(string)
	switch {
	case !ok:
		v.wrong("%s is expected, found %s", expected(of), kindOf(value))
	case of.EnumValues.ForName(name) != nil:
	case v.hidden:
		v.wrong("%s is no value of %s", quote(name), of.Name)
	default:
		names := make([]string, len(of.EnumValues))
		for i, known := range of.EnumValues {
			names[i] = known.Name
		}
		v.wrong("%s is no value of %s, which has %s", quote(name), of.Name, strings.Join(names, ", "))
	}
}
