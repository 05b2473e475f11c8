// Package access keeps the schema's rules of who may see what: @authenticated
// and @requiresScopes, as Apollo Federation has them
// (https://www.apollographql.com/docs/graphos/routing/security/authorization).
// A field takes what is said of itself, of the type it stands in, and of the type
// that it returns. An operation is looked at once; only one that asks for
// something it may not have pays for each field, and gets null with an error
// there: what would resolve the field is not called.
package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/auth"
)

// The directives.
const (
	authenticated  = "authenticated"
	requiresScopes = "requiresScopes"
)

// A Rule says what a field takes: a principal, who has all scopes of at least one
// of the alternatives in each of these.
type Rule [][]auth.Scopes

// Allows reports whether the principal meets the rule.
func (r Rule) Allows(p *auth.Principal) bool { return r.refuses(p) == nil }

// refuses returns the first alternatives of which the principal has none, or nil.
// Those that are empty take a principal alone.
func (r Rule) refuses(p *auth.Principal) []auth.Scopes {
	for _, alternatives := range r {
		if p.Kind == auth.Nobody || !anyOf(alternatives, p.Scopes) {
			return alternatives
		}
	}
	return nil
}

func anyOf(alternatives []auth.Scopes, has auth.Scopes) bool {
	for _, a := range alternatives {
		if has.Has(a) {
			return true
		}
	}
	return false
}

// Rules are those of a schema.
type Rules struct {
	fields map[string]map[string]Rule // of each type
	types  map[string][]string        // which objects one of a type may be
}

// introspective begins the names of what tells of the schema itself, which may
// be switched off, but takes nobody in particular.
const introspective = "__"

// NewRules reads the rules of a schema. It fails where a field has none, where one
// names a scope that there is none of, or stands where nobody keeps it.
func NewRules(schema *ast.Schema) (*Rules, error) {
	r := &Rules{fields: map[string]map[string]Rule{}, types: map[string][]string{}}
	for name, t := range schema.Types {
		for _, possible := range schema.GetPossibleTypes(t) {
			r.types[name] = append(r.types[name], possible.Name)
		}
		if err := unruled(t); err != nil {
			return nil, err
		}
		if t.Kind != ast.Object {
			continue
		}
		above, err := ruleOf(t.Directives)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r.fields[name] = map[string]Rule{}
		for _, f := range t.Fields {
			own, err := ruleOf(f.Directives)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", name, f.Name, err)
			}
			below, err := ruleOf(schema.Types[f.Type.Name()].Directives)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Type.Name(), err)
			}
			rule := slices.Concat(above, own, below)
			if len(rule) == 0 && !strings.HasPrefix(name, introspective) && !strings.HasPrefix(f.Name, introspective) {
				return nil, fmt.Errorf("%s.%s: nothing says who may see it", name, f.Name)
			}
			r.fields[name][f.Name] = rule
		}
	}
	return r, nil
}

// unruled returns an error where a field of an interface has a rule: what counts is
// that of the object which is asked.
func unruled(t *ast.Definition) error {
	if t.Kind != ast.Interface {
		return nil
	}
	for _, f := range t.Fields {
		if rule, err := ruleOf(f.Directives); err != nil || len(rule) > 0 {
			return fmt.Errorf("%s.%s: a rule in an interface is kept by nobody: it belongs to the field in each object", t.Name, f.Name)
		}
	}
	return nil
}

var errNoScopes = fmt.Errorf("@%s names no scopes", requiresScopes)

// ruleOf reads what directives say.
func ruleOf(directives ast.DirectiveList) (Rule, error) {
	var rule Rule
	if directives.ForName(authenticated) != nil {
		rule = append(rule, []auth.Scopes{0})
	}
	d := directives.ForName(requiresScopes)
	if d == nil {
		return rule, nil
	}
	var alternatives []auth.Scopes
	for _, all := range d.Arguments.ForName("scopes").Value.Children {
		var scopes auth.Scopes
		for _, one := range all.Value.Children {
			s, err := auth.ParseScope(one.Value.Raw)
			if err != nil {
				return nil, err
			}
			scopes |= s
		}
		if scopes == 0 {
			return nil, errNoScopes
		}
		alternatives = append(alternatives, scopes)
	}
	if len(alternatives) == 0 {
		return nil, errNoScopes
	}
	return append(rule, alternatives), nil
}

// Of returns the rule of an object's field.
func (r *Rules) Of(object, field string) Rule { return r.fields[object][field] }

// A denial is kept with an operation that asks for something it may not have.
type denial struct {
	rules     *Rules
	principal *auth.Principal
}

const extension = "access"

// Apply makes an operation answer null, with an error, for what the principal may
// not have.
func (r *Rules) Apply(operation *graphql.OperationContext, p *auth.Principal) {
	w := walk{rules: r, principal: p, fragments: map[string]bool{}}
	if !w.denied(operation.Operation.SelectionSet) {
		return
	}
	d := denial{r, p}
	operation.Stats.SetExtension(extension, d)
	next := operation.ResolverMiddleware
	operation.ResolverMiddleware = func(ctx context.Context, resolve graphql.Resolver) (any, error) {
		field := graphql.GetFieldContext(ctx)
		if missing := r.fields[field.Object][field.Field.Name].refuses(p); missing != nil {
			return nil, refuse(p, missing)
		}
		return next(ctx, resolve)
	}
}

// refuse returns the error of a field that takes one of the scopes.
func refuse(p *auth.Principal, missing []auth.Scopes) error {
	if missing[0] == 0 {
		return p.Refuse()
	}
	return p.Refuse(missing...)
}

// Denied reports whether a field of an operation, in the object it is asked of,
// is answered by null, so that nothing needs to be fetched for it.
func Denied(operation *graphql.OperationContext, field *ast.Field) bool {
	d, ok := operation.Stats.GetExtension(extension).(denial)
	if !ok || field.ObjectDefinition == nil {
		return false
	}
	for _, object := range d.rules.types[field.ObjectDefinition.Name] {
		if d.rules.fields[object][field.Name].Allows(d.principal) {
			return false
		}
	}
	return true
}

// A walk looks for something that is denied, at each fragment once.
type walk struct {
	rules     *Rules
	principal *auth.Principal
	fragments map[string]bool
}

// denied reports whether anything in the selections is, on any object that they
// may be made of.
func (w *walk) denied(set ast.SelectionSet) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			for _, object := range w.rules.types[s.ObjectDefinition.Name] {
				if !w.rules.fields[object][s.Name].Allows(w.principal) {
					return true
				}
			}
			if w.denied(s.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if w.denied(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if w.fragments[s.Name] {
				continue
			}
			w.fragments[s.Name] = true
			if w.denied(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}
