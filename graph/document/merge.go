package document

import (
	"encoding/binary"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// merge checks that fields which answer under one key can be merged, by the
// rule of the specification: https://spec.graphql.org/draft/#sec-Field-Selection-Merging.
//
// The specification compares each two of them, and so does gqlparser, which takes
// a time that grows with the square of the fields, or worse. Here those of one
// key are gathered first, and each is compared with one other of its kind. The
// document must be valid by every other rule.
func merge(schema *ast.Schema, document *ast.QueryDocument, limits Limits) gqlerror.List {
	m := &merger{
		schema: schema, limits: limits, most: limits.Errors,
		numbers: map[*ast.Field]uint32{}, compared: map[string]bool{}, signatures: map[*ast.Field]string{},
	}
	for _, operation := range document.Operations {
		m.selections([]ast.SelectionSet{operation.SelectionSet}, false)
		if m.over() {
			break
		}
	}
	if m.excess != nil {
		return gqlerror.List{m.excess}
	}
	return m.errs
}

// A merger merges the selections of a document. What it has compared once, it
// does not compare again, and its steps are limited.
type merger struct {
	schema *ast.Schema
	limits Limits
	most   int
	steps  int

	numbers    map[*ast.Field]uint32 // of the fields met so far
	compared   map[string]bool       // the sets of fields, by their numbers
	signatures map[*ast.Field]string // of the fields with arguments

	errs   gqlerror.List
	excess *gqlerror.Error
}

func (m *merger) over() bool { return m.excess != nil || len(m.errs) > m.most }

// selections merges sets of selections into one. Where objects of different
// types answer, fields need only agree in the shape of their answers.
func (m *merger) selections(sets []ast.SelectionSet, shapesOnly bool) {
	found := gathering{fields: map[string][]*ast.Field{}, fragments: map[string]bool{}}
	for _, set := range sets {
		m.gather(&found, set, 1)
	}
	if m.excess = check("keysPerSelection", len(found.keys), m.limits.KeysPerSelection); m.excess != nil {
		return
	}
	for _, key := range found.keys {
		if m.excess == nil {
			m.excess = check("mergeSteps", m.steps, m.limits.MergeSteps)
		}
		if m.over() {
			return
		}
		m.fields(found.fields[key], shapesOnly)
	}
}

// A gathering is the fields of selections by their response keys.
type gathering struct {
	keys      []string
	fields    map[string][]*ast.Field
	fragments map[string]bool // those that were entered
}

// gather gathers the fields of a set. Each counts as many steps as it is deep in
// fragments: the execution merges it once at every level.
func (m *merger) gather(into *gathering, set ast.SelectionSet, level int) {
	if m.steps > m.limits.MergeSteps {
		return
	}
	m.steps += level
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			m.steps += level
			fields, known := into.fields[s.Alias]
			if !known {
				into.keys = append(into.keys, s.Alias)
			}
			into.fields[s.Alias] = append(fields, s)
		case *ast.InlineFragment:
			m.gather(into, s.SelectionSet, level+1)
		case *ast.FragmentSpread:
			m.steps++
			if !into.fragments[s.Name] {
				into.fragments[s.Name] = true
				m.gather(into, s.Definition.SelectionSet, level+1)
			}
		}
	}
}

// fields merges those of one response key.
func (m *merger) fields(fields []*ast.Field, shapesOnly bool) {
	if m.excess = check("fieldsPerKey", len(fields), m.limits.FieldsPerKey); m.excess != nil {
		return
	}
	if !m.first(fields, shapesOnly) {
		return
	}
	var classes [][]*ast.Field
	if !shapesOnly {
		classes = m.classes(fields)
	}
	for _, class := range classes {
		if !m.agree(class) {
			return
		}
	}
	for _, f := range fields[1:] {
		if a, b := fields[0].Definition.Type, f.Definition.Type; m.shapesConflict(a, b) {
			m.conflict(f, fmt.Sprintf("they return conflicting types %q and %q", a, b))
			return
		}
	}
	for _, class := range classes {
		m.below(class, false)
	}
	if len(classes) != 1 {
		m.below(fields, true)
	}
}

// agree reports whether fields of one class are the same, and adds an error if
// they are not.
func (m *merger) agree(class []*ast.Field) bool {
	for _, f := range class[1:] {
		switch {
		case f.Name != class[0].Name:
			m.conflict(f, fmt.Sprintf("%q and %q are different fields", class[0].Name, f.Name))
			return false
		case m.signature(f) != m.signature(class[0]):
			m.conflict(f, "they have differing arguments")
			return false
		}
	}
	return true
}

// below merges what is selected below fields.
func (m *merger) below(fields []*ast.Field, shapesOnly bool) {
	var sets []ast.SelectionSet
	for _, f := range fields {
		if len(f.SelectionSet) > 0 {
			sets = append(sets, f.SelectionSet)
		}
	}
	if len(sets) > 0 && !m.over() {
		m.selections(sets, shapesOnly)
	}
}

// classes divides fields into those that one object may answer: for each type of
// object, its own and those of interfaces.
func (m *merger) classes(fields []*ast.Field) [][]*ast.Field {
	var (
		anyones []*ast.Field
		types   []string
		of      = map[string][]*ast.Field{}
	)
	for _, f := range fields {
		parent := f.ObjectDefinition
		if parent.Kind != ast.Object {
			anyones = append(anyones, f)
			continue
		}
		if of[parent.Name] == nil {
			types = append(types, parent.Name)
		}
		of[parent.Name] = append(of[parent.Name], f)
	}
	if len(types) == 0 {
		return [][]*ast.Field{anyones}
	}
	classes := make([][]*ast.Field, len(types))
	for i, name := range types {
		m.steps += len(anyones)
		classes[i] = append(of[name], anyones...)
	}
	return classes
}

// shapesConflict reports whether one value could not be of both types. What is
// below composite ones is compared later.
func (m *merger) shapesConflict(a, b *ast.Type) bool {
	for ; a.Elem != nil && b.Elem != nil; a, b = a.Elem, b.Elem {
		if a.NonNull != b.NonNull {
			return true
		}
	}
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return true
	}
	leaves := m.schema.Types[a.NamedType].IsLeafType() || m.schema.Types[b.NamedType].IsLeafType()
	return leaves && a.NamedType != b.NamedType
}

// first reports whether the set of fields is merged for the first time.
func (m *merger) first(fields []*ast.Field, shapesOnly bool) bool {
	key := make([]byte, 1, 1+4*len(fields))
	if shapesOnly {
		key[0] = 1
	}
	for _, f := range fields {
		number, known := m.numbers[f]
		if !known {
			number = uint32(len(m.numbers)) //nolint:gosec // bounded by the tokens of a document
			m.numbers[f] = number
		}
		key = binary.BigEndian.AppendUint32(key, number)
	}
	if m.compared[string(key)] {
		return false
	}
	m.compared[string(key)] = true
	return true
}

func (m *merger) conflict(f *ast.Field, reason string) {
	if len(m.errs) == m.most {
		m.errs = append(m.errs, stopped(m.most))
		return
	}
	m.errs = append(m.errs, invalid(fmt.Sprintf(
		"Fields %q conflict because %s. Use different aliases on the fields to fetch both if this was intentional.", f.Alias, reason), f.Position))
}
