package incremental

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

const directive = "defer"

// What is deferred beyond these is not: the server may decide that, and fragments
// that spread others twice would multiply.
const (
	fragmentsPerObject = 100
	fragmentsLimit     = 10_000
)

// Fields returns the fields of an object that are resolved now, and those that
// are not, nil if there are none.
func Fields(ctx context.Context, operation *graphql.OperationContext, selections ast.SelectionSet, satisfies []string) ([]graphql.CollectedField, *Later) {
	counter := counterOf(operation)
	if d := of(operation); d != nil {
		return d.fields(ctx, counter, selections, satisfies)
	}
	fields := inOnePiece(graphql.CollectFields(operation, selections, satisfies))
	counter.Object(ctx, fields, true)
	return fields, nil
}

// inOnePiece returns the fields with nothing deferred.
func inOnePiece(fields []graphql.CollectedField) []graphql.CollectedField {
	deferred := func(f graphql.CollectedField) bool { return f.Deferrables != nil }
	if !slices.ContainsFunc(fields, deferred) {
		return fields
	}
	fields = slices.Clone(fields) // gqlgen keeps the others
	for i := range fields {
		fields[i].Deferrables = nil
	}
	return fields
}

func (d *Delivery) fields(ctx context.Context, counter Counter, selections ast.SelectionSet, satisfies []string) ([]graphql.CollectedField, *Later) {
	within, deferred := ctx.Value(groupKey{}).(*group)
	if !deferred {
		within = &d.first
	} else if len(selections) == 1 && selections[0] == ast.Selection(within.mark) {
		counter.Rest(within.fields)
		return within.fields, nil
	}
	c := collection{delivery: d, ctx: ctx, satisfies: satisfies, uses: map[string][]use{}, visited: map[string]bool{}}
	c.collect(selections, nil)

	fields := make([]graphql.CollectedField, 0, len(c.keys))
	later := &Later{within: within}
	for _, key := range c.keys {
		uses := c.uses[key]
		in := fragmentsOf(uses)
		if same(in, within.fragments) {
			fields = append(fields, d.merge(uses, in))
			continue
		}
		g := later.group(in)
		g.fields = append(g.fields, d.merge(uses, in))
	}
	counter.Object(ctx, fields, false)
	if later.groups == nil {
		return fields, nil
	}
	for _, g := range later.groups {
		g.path = c.objectPath()
	}
	return fields, later
}

// A use is one place where a document selects a field.
type use struct {
	field *ast.Field
	in    *fragment // nil where nothing defers it
}

// A collection is that of one object's fields.
type collection struct {
	delivery  *Delivery
	ctx       context.Context //nolint:containedctx // for as long as it takes
	satisfies []string
	visited   map[string]bool // fragments, outside of deferred ones

	keys []string // in the order of the document
	uses map[string][]use
	path ast.Path
	made int // deferred fragments
}

func (c *collection) collect(selections ast.SelectionSet, in *fragment) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if c.included(s.Directives) {
				if c.uses[s.Alias] == nil {
					c.keys = append(c.keys, s.Alias)
				}
				c.uses[s.Alias] = append(c.uses[s.Alias], use{s, in})
			}
		case *ast.InlineFragment:
			if carried := c.delivery.carriedBy(s); carried != nil {
				c.collect(s.SelectionSet, carried)
			} else if c.included(s.Directives) && c.matches(s.TypeCondition) {
				below, _ := c.fragment(s.Directives, in)
				c.collect(s.SelectionSet, below)
			}
		case *ast.FragmentSpread:
			if c.visited[s.Name] || !c.included(s.Directives) || !c.matches(s.Definition.TypeCondition) {
				continue
			}
			below, made := c.fragment(s.Directives, in)
			if !made {
				c.visited[s.Name] = true
			}
			c.collect(s.Definition.SelectionSet, below)
		}
	}
}

func (c *collection) matches(condition string) bool {
	return condition == "" || slices.Contains(c.satisfies, condition)
}

func (c *collection) included(directives ast.DirectiveList) bool {
	return !c.truth(directives.ForName("skip"), false) && c.truth(directives.ForName("include"), true)
}

// truth returns a directive's condition.
func (c *collection) truth(d *ast.Directive, otherwise bool) bool {
	if d == nil {
		return otherwise
	}
	if condition := d.Arguments.ForName("if"); condition != nil {
		if value, err := condition.Value.Value(c.delivery.operation.Variables); err == nil {
			truth, _ := value.(bool)
			return truth
		}
	}
	return true // what @defer has by default; the others' is required
}

// fragment returns the fragment that selections with these directives belong
// to, and whether it is one of its own.
func (c *collection) fragment(directives ast.DirectiveList, in *fragment) (_ *fragment, made bool) {
	d := directives.ForName(directive)
	if !c.truth(d, false) || c.made >= fragmentsPerObject || c.delivery.fragments.Add(1) > fragmentsLimit {
		return in, false
	}
	c.made++
	f := &fragment{Fragment: Fragment{Path: c.objectPath()}, parent: in}
	if label := d.Arguments.ForName("label"); label != nil {
		if value, err := label.Value.Value(c.delivery.operation.Variables); err == nil {
			f.Label, _ = value.(string)
		}
	}
	return f, true
}

func (c *collection) objectPath() ast.Path {
	if c.path == nil {
		c.path = append(ast.Path{}, graphql.GetPath(c.ctx)...)
	}
	return c.path
}

// fragmentsOf returns the deferred fragments that a field waits for: none if it
// is used outside of them too, and of nested ones the outermost.
func fragmentsOf(uses []use) []*fragment {
	var all []*fragment
	for _, u := range uses {
		if u.in == nil {
			return nil
		}
		if !slices.Contains(all, u.in) {
			all = append(all, u.in)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(f *fragment) bool { return f.within(all) })
}

func same(a, b []*fragment) bool {
	if len(a) != len(b) {
		return false
	}
	for _, f := range a {
		if !slices.Contains(b, f) {
			return false
		}
	}
	return true
}

// merge returns the field that all uses together make, resolved with these
// fragments. What stands below each stays with the fragment it stands in.
func (d *Delivery) merge(uses []use, with []*fragment) graphql.CollectedField {
	field := graphql.CollectedField{Field: uses[0].field}
	for _, u := range uses {
		if u.in == nil || len(u.field.SelectionSet) == 0 {
			field.Selections = append(field.Selections, u.field.SelectionSet...)
			continue
		}
		carrier := &ast.InlineFragment{SelectionSet: u.field.SelectionSet}
		if !slices.Contains(with, u.in) {
			carrier.Directives = deferred // for whoever looks ahead
		}
		d.mu.Lock()
		d.carried[carrier] = u.in
		d.mu.Unlock()
		field.Selections = append(field.Selections, carrier)
	}
	return field
}

var deferred = ast.DirectiveList{{Name: directive}}

func (d *Delivery) carriedBy(s *ast.InlineFragment) *fragment {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.carried[s]
}
