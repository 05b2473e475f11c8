// Package cost tells what an operation costs before it runs, by the directives
// @cost and @listSize of the schema, as IBM's specification of them has it
// (https://ibm.github.io/graphql-specs/cost-spec.html) and Apollo's demand
// control applies it. The operation must be valid; its cost is computed with the
// values that its variables have, in time linear in the document.
package cost

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/graph/document"
	"barograph/internal/fault"
)

// A Cost is what an operation comes to at most. Numbers stop at document.Most.
type Cost struct {
	Total  int // weighed by the schema
	Fields int // that the answer has, those of lists for each item
}

func (c Cost) and(other Cost) Cost {
	return Cost{min(c.Total+other.Total, document.Most), min(c.Fields+other.Fields, document.Most)}
}

func (c Cost) times(n int) Cost {
	return Cost{min(c.Total*n, document.Most), min(c.Fields*n, document.Most)}
}

// Limits bound what one operation may come to.
type Limits struct{ Total, Fields int }

// Defaults are the limits of who says nothing else.
var Defaults = Limits{Total: 25_000, Fields: 500_000}

// Check returns the error of a cost above a limit, or nil. A limit of zero is
// that of Defaults.
func (l Limits) Check(c Cost) *gqlerror.Error {
	if l.Total <= 0 {
		l.Total = Defaults.Total
	}
	if l.Fields <= 0 {
		l.Fields = Defaults.Fields
	}
	if c.Total > l.Total {
		return document.Exceeded("cost", c.Total, l.Total)
	}
	if c.Fields > l.Fields {
		return document.Exceeded("answerFields", c.Fields, l.Fields)
	}
	return nil
}

// Of returns what the operation costs. The error is that of one which gives no
// slicing argument, or several, where the schema requires one.
func (t *Table) Of(operation *ast.OperationDefinition, variables map[string]any) (Cost, *gqlerror.Error) {
	w := walk{table: t, variables: variables, fragments: map[place]Cost{}}
	return w.selections(operation.SelectionSet, scope{}), w.wrong
}

const extension = "cost"

// Keep makes the cost known to whoever has the operation.
func Keep(operation *graphql.OperationContext, c Cost) { operation.Stats.SetExtension(extension, c) }

// From returns the cost of an operation, and whether it is known: it is for
// every one that runs.
func From(operation *graphql.OperationContext) (Cost, bool) {
	c, known := operation.Stats.GetExtension(extension).(Cost)
	return c, known
}

// A scope says how long the lists are that a field above has the sizes of.
type scope struct {
	field *field
	size  int
}

// A place is a fragment within a scope: what it costs depends on nothing else.
type place struct {
	fragment string
	scope    scope
}

type walk struct {
	table     *Table
	variables map[string]any
	fragments map[place]Cost
	wrong     *gqlerror.Error
}

func (w *walk) selections(set ast.SelectionSet, within scope) (sum Cost) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if w.included(s.Directives) {
				sum = sum.and(w.field(s, within))
			}
		case *ast.InlineFragment:
			if w.included(s.Directives) {
				sum = sum.and(w.selections(s.SelectionSet, within))
			}
		case *ast.FragmentSpread:
			if w.included(s.Directives) {
				sum = sum.and(w.fragment(s, within))
			}
		}
	}
	return sum
}

func (w *walk) fragment(s *ast.FragmentSpread, within scope) Cost {
	at := place{s.Name, within}
	known, ok := w.fragments[at]
	if !ok {
		known = w.selections(s.Definition.SelectionSet, within)
		w.fragments[at] = known
	}
	return known
}

// field returns the cost of a field: as many times its weight and what is below
// it as it has items, and the weights of its arguments.
func (w *walk) field(f *ast.Field, within scope) Cost {
	known := w.table.fields[f.Definition]
	if known == nil { // __typename
		return Cost{Fields: 1}
	}
	items, below := 1, scope{}
	switch {
	case within.field != nil && slices.Contains(within.field.sized, f.Name):
		items = within.size
	case len(known.sized) > 0:
		below = scope{known, w.size(f, known)}
	case known.list:
		items = w.size(f, known)
	}
	c := w.selections(f.SelectionSet, below).and(Cost{Total: known.weight}).times(items)
	for _, a := range f.Arguments {
		c.Total = min(c.Total+known.arguments[a.Name], document.Most)
	}
	return c.and(Cost{Fields: 1})
}

// included reports whether @skip and @include let a selection be.
func (w *walk) included(directives ast.DirectiveList) bool {
	if len(directives) == 0 {
		return true
	}
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		value, err := d.Arguments.ForName("if").Value.Value(w.variables)
		if holds, ok := value.(bool); err == nil && ok && holds == (d.Name == "skip") {
			return false
		}
	}
	return true
}

func (w *walk) refuse(f *ast.Field) {
	if w.wrong == nil {
		w.wrong = &gqlerror.Error{
			Message:    "exactly one of the arguments that say how long " + f.Name + " is must be given",
			Locations:  []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}},
			Extensions: map[string]any{"code": fault.BadInput.Code()},
		}
	}
}
