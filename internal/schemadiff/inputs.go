package schemadiff

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// An input is an argument or an input field.
type input struct {
	name, at   string
	of         *ast.Type
	byDefault  *ast.Value
	directives ast.DirectiveList
}

// required reports whether a value must be given.
func (i input) required() bool { return i.of.NonNull && i.byDefault == nil }

func arguments(f *ast.FieldDefinition) []input {
	inputs := make([]input, len(f.Arguments))
	for i, a := range f.Arguments {
		inputs[i] = input{a.Name, "(" + a.Name + ":)", a.Type, a.DefaultValue, a.Directives}
	}
	return inputs
}

func inputFields(t *ast.Definition) []input {
	inputs := make([]input, len(t.Fields))
	for i, f := range t.Fields {
		inputs[i] = input{f.Name, "." + f.Name, f.Type, f.DefaultValue, f.Directives}
	}
	return inputs
}

func find(inputs []input, name string) (input, bool) {
	for _, i := range inputs {
		if i.name == name {
			return i, true
		}
	}
	return input{}, false
}

// inputs compares the arguments of a field, or the fields of an input type.
func (d *diff) inputs(of string, before, after []input) {
	for _, was := range before {
		is, ok := find(after, was.name)
		switch at := of + was.at; {
		case !ok:
			d.removed(at, was.directives)
		case !d.takes(was.of, is.of):
			d.add(Breaking, at, "was %s and is %s", was.of, is.of)
		case !was.required() && is.required():
			d.add(Breaking, at, "must be given now")
		case value(was.byDefault) != value(is.byDefault):
			d.add(Dangerous, at, "is %s unless given, and was %s", value(is.byDefault), value(was.byDefault))
		}
	}
	for _, is := range after {
		if _, ok := find(before, is.name); ok {
			continue
		}
		if is.required() {
			d.add(Breaking, of+is.at, "is new and must be given")
		} else {
			d.add(Dangerous, of+is.at, "is new: what happens without it may have changed")
		}
	}
}

// takes reports whether every value of a type is one of another: of the same,
// or of one that may be null where it could not.
func (d *diff) takes(was, is *ast.Type) bool {
	if !was.NonNull && is.NonNull {
		return false
	}
	if was.Elem == nil && is.Elem != nil { // one value stands for a list of it
		return d.takes(&ast.Type{NamedType: was.NamedType, NonNull: true}, is.Elem)
	}
	if was.Elem != nil {
		return is.Elem != nil && d.takes(was.Elem, is.Elem)
	}
	return was.NamedType == is.NamedType
}

func value(v *ast.Value) string {
	if v == nil {
		return "nothing"
	}
	return v.String()
}
