package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// A Breach is a place in an answer that is not as the schema says.
type Breach struct{ Path, Why string }

// String returns the place and what is wrong there.
func (b Breach) String() string { return "at " + b.Path + ": " + b.Why }

// conforms returns where data is not what the operation, a valid one, asks for.
// What the data has is noted in seen, unless that is nil.
func conforms(schema *ast.Schema, formats map[string]Format, op *ast.OperationDefinition, data json.RawMessage, seen *coverage) []Breach {
	c := &conformance{schema: schema, formats: formats, seen: seen}
	if isNull(data) {
		c.breach("data", "null, and nothing says why")
		return c.breaches
	}
	root := map[ast.Operation]*ast.Definition{ast.Query: schema.Query, ast.Mutation: schema.Mutation, ast.Subscription: schema.Subscription}[op.Operation]
	c.object("data", root, op.SelectionSet, data)
	return c.breaches
}

type conformance struct {
	schema   *ast.Schema
	formats  map[string]Format
	seen     *coverage // nil when nobody counts
	breaches []Breach
}

func (c *conformance) breach(path, format string, args ...any) {
	c.breaches = append(c.breaches, Breach{path, fmt.Sprintf(format, args...)})
}

// value checks a value of a type, and reports whether there is anything in it.
func (c *conformance) value(path string, t *ast.Type, selections ast.SelectionSet, value json.RawMessage) bool {
	switch {
	case isNull(value):
		if t.NonNull {
			c.breach(path, "null, where the type is %s", t)
		}
		return false
	case t.Elem != nil:
		var items []json.RawMessage
		if json.Unmarshal(value, &items) != nil {
			c.breach(path, "%s, where the type is %s", brief(value), t)
			return true
		}
		filled := false
		for i, item := range items {
			if c.value(path+"."+strconv.Itoa(i), t.Elem, selections, item) {
				filled = true
			}
		}
		return filled
	}
	switch named := c.schema.Types[t.NamedType]; named.Kind {
	case ast.Scalar:
		c.scalar(path, named.Name, value)
	case ast.Enum:
		c.enum(path, named, value)
	default:
		c.object(path, named, selections, value)
	}
	return true
}

func (c *conformance) scalar(path, name string, value json.RawMessage) {
	format, ok := c.formats[name]
	if !ok {
		format, ok = builtin[name]
	}
	if !ok {
		c.breach(path, "nothing says what a %s looks like", name)
		return
	}
	if err := format(value); err != nil {
		c.breach(path, "%s is no %s: %v", brief(value), name, err)
	}
}

func (c *conformance) enum(path string, enum *ast.Definition, value json.RawMessage) {
	var name string
	if json.Unmarshal(value, &name) != nil || enum.EnumValues.ForName(name) == nil {
		c.breach(path, "%s is no %s", brief(value), enum.Name)
		return
	}
	if c.seen != nil {
		c.seen.enumValue(enum.Name, name)
	}
}

// object checks an object of a type, which may be abstract.
func (c *conformance) object(path string, t *ast.Definition, selections ast.SelectionSet, value json.RawMessage) {
	members, err := membersOf(value)
	if err != nil {
		c.breach(path, "%s, where an object of type %s should be: %v", brief(value), t.Name, err)
		return
	}
	concrete := c.concrete(path, t, members)
	if concrete == nil {
		return
	}
	wanted := c.collect(concrete, selections, nil)
	for i, m := range members {
		if !slices.ContainsFunc(wanted, func(w selected) bool { return w.alias == m.name }) {
			c.breach(path, "has %s, which nobody asked for", m.name)
		} else if i < len(wanted) && len(members) == len(wanted) && wanted[i].alias != m.name {
			c.breach(path, "has %s where %s should be: answers are in the order of the question", m.name, wanted[i].alias)
		}
	}
	for _, w := range wanted {
		i := slices.IndexFunc(members, func(m member) bool { return m.name == w.alias })
		if i < 0 {
			c.breach(path, "lacks %s", w.alias)
			continue
		}
		below := path + "." + w.alias
		if w.field.Name == "__typename" {
			if string(members[i].value) != strconv.Quote(concrete.Name) {
				c.breach(below, "%s, where the type is %s", brief(members[i].value), concrete.Name)
			}
			continue
		}
		filled := c.value(below, w.field.Type, w.selections, members[i].value)
		if c.seen != nil {
			c.seen.field(concrete.Name, w.field.Name, filled)
		}
	}
}

// concrete returns the object type of an object, by its __typename where there
// is a choice, or nil after a breach.
func (c *conformance) concrete(path string, t *ast.Definition, members []member) *ast.Definition {
	if !t.IsAbstractType() {
		return t
	}
	var name string
	for _, m := range members {
		if m.name == "__typename" {
			_ = json.Unmarshal(m.value, &name) // what is no name is no type's
		}
	}
	for _, possible := range c.schema.GetPossibleTypes(t) {
		if possible.Name == name {
			if c.seen != nil {
				c.seen.possibleType(t.Name, name)
			}
			return possible
		}
	}
	c.breach(path, "__typename %q is no possible type of %s", name, t.Name)
	return nil
}

// A selected field is one that an answer should have.
type selected struct {
	alias      string
	field      *ast.FieldDefinition
	selections ast.SelectionSet
}

// collect adds the fields that selections ask of an object type, in order.
func (c *conformance) collect(t *ast.Definition, selections ast.SelectionSet, into []selected) []selected {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if i := slices.IndexFunc(into, func(w selected) bool { return w.alias == s.Alias }); i >= 0 {
				into[i].selections = append(slices.Clip(into[i].selections), s.SelectionSet...)
				continue
			}
			definition := t.Fields.ForName(s.Name)
			if definition == nil {
				definition = s.Definition // __typename
			}
			into = append(into, selected{s.Alias, definition, s.SelectionSet})
		case *ast.InlineFragment:
			if c.applies(s.TypeCondition, t) {
				into = c.collect(t, s.SelectionSet, into)
			}
		case *ast.FragmentSpread:
			if c.applies(s.Definition.TypeCondition, t) {
				into = c.collect(t, s.Definition.SelectionSet, into)
			}
		}
	}
	return into
}

// applies reports whether a fragment on a type is for objects of t.
func (c *conformance) applies(condition string, t *ast.Definition) bool {
	if condition == "" || condition == t.Name {
		return true
	}
	return slices.Contains(c.schema.PossibleTypes[condition], t)
}

type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns an object's members in their order.
func membersOf(object json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	var members []member
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if slices.ContainsFunc(members, func(m member) bool { return m.name == name }) {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		members = append(members, member{name, value})
	}
	return members, nil
}

func isNull(value json.RawMessage) bool { return value == nil || string(value) == "null" }

// brief returns a value short enough for a message.
func brief(value json.RawMessage) string {
	const enough = 80
	if len(value) > enough {
		return string(value[:enough]) + "…"
	}
	return string(value)
}
