package schemadiff

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// interfaces compares what a type implements.
func (d *diff) interfaces(before, after *ast.Definition) {
	for _, name := range before.Interfaces {
		if !slices.Contains(after.Interfaces, name) {
			d.add(Breaking, before.Name, "no longer implements %s", name)
		}
	}
	for _, name := range after.Interfaces {
		if !slices.Contains(before.Interfaces, name) {
			d.add(Dangerous, before.Name, "implements %s now, which clients may not expect behind that", name)
		}
	}
}

// fields compares those of an object type or an interface.
func (d *diff) fields(before, after *ast.Definition) {
	for _, was := range before.Fields {
		at := before.Name + "." + was.Name
		is := after.Fields.ForName(was.Name)
		if is == nil {
			d.removed(at, was.Directives)
			continue
		}
		if !d.answers(was.Type, is.Type) {
			d.add(Breaking, at, "was %s and is %s", was.Type, is.Type)
		}
		d.inputs(at, arguments(was), arguments(is))
	}
}

// answers reports whether who expects values of a type can read those of
// another: the same, or ones that are null less often.
func (d *diff) answers(was, is *ast.Type) bool {
	if was.NonNull && !is.NonNull || (was.Elem == nil) != (is.Elem == nil) {
		return false
	}
	if was.Elem != nil {
		return d.answers(was.Elem, is.Elem)
	}
	return was.NamedType == is.NamedType
}

// enum compares the values of an enum.
func (d *diff) enum(before, after *ast.Definition) {
	for _, v := range before.EnumValues {
		if after.EnumValues.ForName(v.Name) == nil {
			d.removed(before.Name+"."+v.Name, v.Directives)
		}
	}
	for _, v := range after.EnumValues {
		if before.EnumValues.ForName(v.Name) == nil {
			d.add(Dangerous, before.Name+"."+v.Name, "is new, and clients may not expect it in an answer")
		}
	}
}

// members compares the types of a union.
func (d *diff) members(before, after *ast.Definition) {
	for _, name := range before.Types {
		if !slices.Contains(after.Types, name) {
			d.add(Breaking, before.Name, "is no longer %s", name)
		}
	}
	for _, name := range after.Types {
		if !slices.Contains(before.Types, name) {
			d.add(Dangerous, before.Name, "may be %s now, which clients may not expect", name)
		}
	}
}
