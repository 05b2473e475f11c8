package schematest

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// How far an answer is looked into below the field that is asked.
const (
	deep    = 2 // the leaves of its type and of those one field further, and the names of the next
	shallow = 0 // the name of its type
)

// An operation is what is sent.
type operation struct {
	name      string // for people: the field, and how its arguments are given
	root      ast.Operation
	text      string
	variables map[string]any
	notes     []func(*coverage) // what is met by sending it
}

// A composer writes an operation.
type composer struct {
	*Suite
	literals  bool // whether arguments are written into the document
	ok        bool // false once one cannot be
	declared  []string
	variables map[string]any
	notes     []func(*coverage)
	text      strings.Builder
}

// compose returns the operation that asks a target with arguments, as literals
// in its text or as variables, and looks into the answer to a depth. It reports false if literals cannot express them.
func (s *Suite) compose(t target, args Args, literals bool, depth int) (op operation, ok bool, err error) {
	c := &composer{Suite: s, literals: literals, ok: true, variables: make(map[string]any)}
	way := s.routes[t.of.Name]
	closing := ""
	for _, step := range way.steps {
		on := target{step.of, step.field}
		base, err := s.values.base(on.slots())
		if err != nil {
			return operation{}, false, err
		}
		c.field("", on, base)
		c.text.WriteString("{ ")
		closing += " }"
		if step.on != "" {
			c.text.WriteString("__typename ... on " + step.on + " { ")
			closing += " }"
		}
	}
	c.field("", t, args)
	if err := c.selection(s.config.Schema.Types[t.field.Type.Name()], depth); err != nil {
		return operation{}, false, err
	}
	declarations := ""
	if len(c.declared) > 0 {
		declarations = " (" + strings.Join(c.declared, ", ") + ")"
	}
	by := "variables"
	if literals {
		by = "literals"
	}
	return operation{
		name: t.name() + " by " + by, root: way.root, variables: c.variables, notes: c.notes,
		text: fmt.Sprintf("%s%s { %s%s }", way.root, declarations, c.text.String(), closing),
	}, c.ok, nil
}

func (c *composer) leftOut(s slot) {
	c.notes = append(c.notes, func(met *coverage) { met.leftOut(s.at) })
}

// field writes a field with arguments, and notes which are given.
func (c *composer) field(alias string, t target, args map[string]any) {
	if alias != "" {
		c.text.WriteString(alias + ": ")
	}
	c.text.WriteString(t.field.Name)
	var written []string
	for _, s := range t.slots() {
		value, given := args[s.name]
		if !given {
			c.leftOut(s)
			continue
		}
		value = made(value)
		c.note(s, value)
		if c.literals {
			literal, ok := c.literal(s.of, value)
			c.ok = c.ok && ok
			written = append(written, s.name+": "+literal)
			continue
		}
		variable := fmt.Sprintf("v%d", len(c.declared)+1)
		c.declared = append(c.declared, "$"+variable+": "+s.of.String())
		c.variables[variable] = value
		written = append(written, s.name+": $"+variable)
	}
	if len(written) > 0 {
		c.text.WriteString("(" + strings.Join(written, ", ") + ")")
	}
	c.text.WriteString(" ")
}

// selection writes what is asked of a type: nothing of a leaf.
func (c *composer) selection(t *ast.Definition, depth int) error {
	if !t.IsCompositeType() {
		return nil
	}
	c.text.WriteString("{ __typename ")
	if depth > 0 {
		if err := c.fields(t, depth); err != nil {
			return err
		}
	}
	c.text.WriteString("} ")
	return nil
}

func (c *composer) fields(t *ast.Definition, depth int) error {
	for _, f := range fieldsOf(t) {
		if t.Kind != ast.Object {
			break // its possible types have the fields
		}
		if err := c.plain("", target{t, f}, depth); err != nil {
			return err
		}
	}
	if !t.IsAbstractType() {
		return nil
	}
	for _, possible := range c.config.Schema.GetPossibleTypes(t) {
		c.text.WriteString("... on " + possible.Name + " { ")
		for _, f := range fieldsOf(possible) {
			// Fields of one name may differ from type to type; names of two do not.
			if err := c.plain(possible.Name+"_"+f.Name, target{possible, f}, depth); err != nil {
				return err
			}
		}
		c.text.WriteString("} ")
	}
	return nil
}

// plain writes a field with the arguments it needs, and what is below it.
func (c *composer) plain(alias string, t target, depth int) error {
	base, err := c.values.base(t.slots())
	if err != nil {
		return err
	}
	c.field(alias, t, base)
	return c.selection(c.config.Schema.Types[t.field.Type.Name()], depth-1)
}

// note counts the slots that a value fills and the enum values in it.
func (c *composer) note(s slot, value any) {
	c.notes = append(c.notes, func(met *coverage) { met.given(s.at) })
	c.noteValue(s.of, value)
}

func (c *composer) noteValue(of *ast.Type, value any) {
	if of.Elem != nil {
		if list, ok := value.([]any); ok {
			for _, item := range list {
				c.noteValue(of.Elem, item)
			}
		}
		return
	}
	named := c.config.Schema.Types[of.NamedType]
	switch v := value.(type) {
	case string:
		if named.Kind == ast.Enum && named.EnumValues.ForName(v) != nil {
			c.notes = append(c.notes, func(met *coverage) { met.enumValue(named.Name, v) })
		}
	case map[string]any:
		if named.Kind != ast.InputObject {
			return
		}
		for _, s := range inputSlots(named) {
			if member, given := v[s.name]; given {
				c.note(s, member)
			} else {
				c.leftOut(s)
			}
		}
	}
}
