package schematest

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// coverage counts which elements of a schema were met. Elements are named by
// their coordinates.
type coverage struct {
	fields        map[string]*met // those of object types
	arguments     map[string]*met // and input fields
	enumValues    map[string]*met
	possibleTypes map[string]*met // as in "Node on City"
}

// met says how often an element was met, and how often in the way that only
// some can be: a nullable field with a value, an optional argument left out.
type met struct {
	times, special int
	choice         bool // whether it can
}

func (m *met) mark(special bool) {
	m.times++
	if special {
		m.special++
	}
}

func newCoverage(schema *ast.Schema) *coverage {
	c := &coverage{map[string]*met{}, map[string]*met{}, map[string]*met{}, map[string]*met{}}
	for _, t := range typesOf(schema) {
		switch t.Kind {
		case ast.Object:
			for _, f := range fieldsOf(t) {
				c.fields[coordinate(t.Name, f.Name)] = &met{choice: !f.Type.NonNull || f.Type.Elem != nil}
				for _, a := range f.Arguments {
					c.arguments[argument(t, f, a.Name)] = &met{choice: optional(a.Type, a.DefaultValue)}
				}
			}
		case ast.InputObject:
			for _, f := range t.Fields {
				c.arguments[coordinate(t.Name, f.Name)] = &met{choice: optional(f.Type, f.DefaultValue)}
			}
		case ast.Enum:
			for _, v := range t.EnumValues {
				c.enumValues[coordinate(t.Name, v.Name)] = &met{}
			}
		case ast.Interface, ast.Union:
			for _, possible := range schema.GetPossibleTypes(t) {
				c.possibleTypes[t.Name+" on "+possible.Name] = &met{}
			}
		case ast.Scalar:
		}
	}
	return c
}

func (c *coverage) field(of, name string, filled bool) { c.fields[coordinate(of, name)].mark(filled) }
func (c *coverage) enumValue(of, name string)          { c.enumValues[coordinate(of, name)].times++ }
func (c *coverage) possibleType(of, name string)       { c.possibleTypes[of+" on "+name].times++ }
func (c *coverage) given(argument string)              { c.arguments[argument].times++ }
func (c *coverage) leftOut(argument string)            { c.arguments[argument].special++ }

// report counts, and lists what was not met as it should have been.
func (c *coverage) report(unseen []Unseen, spare []string) Report {
	excused := make(map[string]bool) // whether the excuse is needed
	for _, u := range unseen {
		excused[u.At] = false
	}
	var r Report
	count := func(elements map[string]*met, sound func(*met) string) (n Count) {
		n.Exist = len(elements)
		for _, name := range slices.Sorted(maps.Keys(elements)) {
			why := sound(elements[name])
			if elements[name].times > 0 {
				n.Reached++
			}
			if why == "" {
				continue
			}
			if _, ok := excused[name]; ok {
				excused[name] = true
				continue
			}
			r.Missed = append(r.Missed, name+" "+why)
		}
		return n
	}
	r.Fields = count(c.fields, func(m *met) string {
		switch {
		case m.times == 0:
			return "was not reached"
		case m.choice && m.special == 0:
			return "was null or empty in every answer"
		}
		return ""
	})
	r.Arguments = count(c.arguments, func(m *met) string {
		switch {
		case m.times == 0:
			return "was never given"
		case m.choice && m.special == 0:
			return "was never left out"
		}
		return ""
	})
	met := func(m *met) string {
		if m.times == 0 {
			return "was not met"
		}
		return ""
	}
	r.EnumValues, r.PossibleTypes = count(c.enumValues, met), count(c.possibleTypes, met)
	for _, name := range slices.Sorted(maps.Keys(excused)) {
		if !excused[name] {
			r.Missed = append(r.Missed, name+" is said to be unseen, and was seen or does not exist")
		}
	}
	for _, name := range spare {
		r.Missed = append(r.Missed, "values are listed for "+name+", which takes none")
	}
	return r
}

// typesOf returns the types of a schema that are its own, by name.
func typesOf(schema *ast.Schema) []*ast.Definition {
	var types []*ast.Definition
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if t := schema.Types[name]; !t.BuiltIn && !strings.HasPrefix(name, "__") {
			types = append(types, t)
		}
	}
	return types
}

// fieldsOf returns a type's fields but those of introspection.
func fieldsOf(t *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone(t.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
}

// optional reports whether an argument or input field may be left out.
func optional(t *ast.Type, byDefault *ast.Value) bool { return !t.NonNull || byDefault != nil }

// argument names an argument, as in "Query.city(name:)".
func argument(t *ast.Definition, f *ast.FieldDefinition, name string) string {
	return coordinate(t.Name, f.Name) + "(" + name + ":)"
}
