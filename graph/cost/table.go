package cost

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// unknownSize is how many items a list has of which the schema says nothing.
const unknownSize = 10

// A Table has the costs of the fields of one schema. It is safe for concurrent
// use.
type Table struct {
	fields map[*ast.FieldDefinition]*field
}

// A field is what the schema says of the cost of one.
type field struct {
	weight    int            // of each of its items
	arguments map[string]int // the weights of arguments, if they have any

	list       bool
	assumed    int
	slicing    []string // the arguments that say how many
	presets    map[string]*ast.Value
	requireOne bool
	sized      []string // the fields below that are as long, if not this one
	length     string   // the argument, or the member of one, whose length it has
}

// each reports whether a field is a list with an item, or null, for each in an argument.
func (f *field) each() bool { return f.list && f.length != "" }

// New returns the costs of a schema. lengths names, by field as in
// "Query.cities", the argument that has an item for each that is answered, or
// the member of one that is an input, as in "input.cities": @listSize knows only
// arguments that are numbers.
func New(schema *ast.Schema, lengths map[string]string) *Table {
	t := &Table{fields: map[*ast.FieldDefinition]*field{}}
	introspection := introspectionSizes(schema)
	for _, definition := range schema.Types {
		if !definition.IsCompositeType() {
			continue
		}
		for _, f := range definition.Fields {
			name := definition.Name + "." + f.Name
			known := newField(schema, f)
			known.length = lengths[name]
			if size, ok := introspection[name]; ok {
				known.assumed = size
			}
			if name == "__Type.ofType" { // the same type, unwrapped
				known.weight = 0
			}
			t.fields[f] = known
		}
	}
	return t
}

func newField(schema *ast.Schema, definition *ast.FieldDefinition) *field {
	returned := schema.Types[definition.Type.Name()]
	f := &field{list: definition.Type.Elem != nil, assumed: unknownSize, arguments: map[string]int{}, presets: map[string]*ast.Value{}}
	if returned.IsCompositeType() {
		f.weight = 1
	}
	for _, weighed := range []ast.DirectiveList{returned.Directives, definition.Directives} {
		if d := weighed.ForName("cost"); d != nil {
			f.weight = number(d.Arguments.ForName("weight"))
		}
	}
	for _, a := range definition.Arguments {
		if d := a.Directives.ForName("cost"); d != nil {
			f.arguments[a.Name] = number(d.Arguments.ForName("weight"))
		}
		if a.DefaultValue != nil {
			f.presets[a.Name] = a.DefaultValue
		}
	}
	d := definition.Directives.ForName("listSize")
	if d == nil {
		return f
	}
	if a := d.Arguments.ForName("assumedSize"); a != nil {
		f.assumed = number(a)
	}
	f.slicing, f.sized = names(d.Arguments.ForName("slicingArguments")), names(d.Arguments.ForName("sizedFields"))
	require := d.Arguments.ForName("requireOneSlicingArgument")
	f.requireOne = len(f.slicing) > 0 && (require == nil || require.Value.Raw != "false")
	return f
}

func number(a *ast.Argument) int {
	if a == nil {
		return 0
	}
	n, err := strconv.Atoi(a.Value.Raw)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

func names(a *ast.Argument) (list []string) {
	if a == nil {
		return nil
	}
	for _, child := range a.Value.Children {
		list = append(list, child.Value.Raw)
	}
	return list
}

// introspectionSizes returns how long the lists of introspection are in this
// schema: for what each type has, the average, so that all of it costs what it is.
func introspectionSizes(schema *ast.Schema) map[string]int {
	var fields, inputs, values, interfaces, possible, arguments, taking int
	for _, d := range schema.Types {
		values += len(d.EnumValues)
		interfaces += len(d.Interfaces)
		if d.IsAbstractType() {
			possible += len(schema.GetPossibleTypes(d))
		}
		if d.Kind == ast.InputObject {
			inputs += len(d.Fields)
			continue
		}
		fields += len(d.Fields)
		for _, f := range d.Fields {
			arguments += len(f.Arguments)
			taking++
		}
	}
	all := len(schema.Types)
	return map[string]int{
		"__Schema.types":       all,
		"__Schema.directives":  len(schema.Directives),
		"__Type.fields":        average(fields, all),
		"__Type.inputFields":   average(inputs, all),
		"__Type.enumValues":    average(values, all),
		"__Type.interfaces":    average(interfaces, all),
		"__Type.possibleTypes": average(possible, all),
		"__Field.args":         average(arguments, taking),
		"__Directive.args":     2,
	}
}

// average rounds up.
func average(sum, of int) int { return (sum + of - 1) / max(of, 1) }
