package caching

import (
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

const directive = "cacheControl"

// Rules are what a schema says with @cacheControl, field by field. They are
// safe for concurrent use.
type Rules struct {
	fields map[*ast.FieldDefinition]rule // those that bound an answer
}

// A rule is what a field, by itself and by its type, does to an answer it is in.
type rule struct {
	maxAge  time.Duration
	bounded bool // whether maxAge counts
	private bool
}

func (r rule) within(other rule) rule {
	if other.bounded && (!r.bounded || other.maxAge < r.maxAge) {
		r.maxAge, r.bounded = other.maxAge, true
	}
	r.private = r.private || other.private
	return r
}

// NewRules returns the rules of a schema.
func NewRules(schema *ast.Schema) *Rules {
	rules := &Rules{fields: map[*ast.FieldDefinition]rule{}}
	for _, t := range schema.Types {
		if t.Kind != ast.Object {
			continue
		}
		for _, field := range t.Fields {
			if !strings.HasPrefix(field.Name, "__") { // introspection says nothing of its own
				rules.add(field, fieldRule(schema, t, field))
			}
		}
	}
	// A field of an interface stands for that of any type that has it.
	for name, types := range schema.PossibleTypes {
		abstract := schema.Types[name]
		if abstract == nil || abstract.Kind != ast.Interface {
			continue
		}
		for _, field := range abstract.Fields {
			for _, t := range types {
				if concrete := t.Fields.ForName(field.Name); concrete != nil {
					rules.add(field, rules.fields[concrete])
				}
			}
		}
	}
	return rules
}

func (r *Rules) add(field *ast.FieldDefinition, rule rule) {
	if combined := r.fields[field].within(rule); combined.bounded || combined.private {
		r.fields[field] = combined
	}
}

// fieldRule returns the rule of a field by Apollo's: what it says itself, else
// what its type says; and nothing at all, when it is a root field or an object
// that does not inherit, is zero.
func fieldRule(schema *ast.Schema, parent *ast.Definition, field *ast.FieldDefinition) rule {
	var (
		result   rule
		inherits bool
	)
	t := schema.Types[field.Type.Name()]
	composite := t.IsCompositeType()
	if composite {
		result, inherits = hint(t.Directives)
	}
	own, ownInherits := hint(field.Directives)
	switch {
	case ownInherits && !result.bounded:
		inherits = true
	case own.bounded:
		result.maxAge, result.bounded = own.maxAge, true
	}
	if hasScope(field.Directives) {
		result.private = own.private
	}
	if isRoot := parent == schema.Query; !result.bounded && (isRoot || composite && !inherits) {
		result.bounded = true // by zero
	}
	return result
}

// hint returns what @cacheControl says, and whether that is to inherit.
func hint(directives ast.DirectiveList) (said rule, inherits bool) {
	d := directives.ForName(directive)
	if d == nil {
		return rule{}, false
	}
	if a := d.Arguments.ForName("maxAge"); a != nil {
		seconds, err := strconv.ParseInt(a.Value.Raw, 10, 32)
		said.bounded = err == nil // null is as good as nothing
		said.maxAge = time.Duration(seconds) * time.Second
	}
	if a := d.Arguments.ForName("scope"); a != nil {
		said.private = a.Value.Raw == "PRIVATE"
	}
	if a := d.Arguments.ForName("inheritMaxAge"); a != nil {
		inherits = a.Value.Raw == "true"
	}
	return said, inherits
}

func hasScope(directives ast.DirectiveList) bool {
	d := directives.ForName(directive)
	return d != nil && d.Arguments.ForName("scope") != nil
}
