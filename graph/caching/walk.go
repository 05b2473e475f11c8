package caching

import "github.com/vektah/gqlparser/v2/ast"

// Policy returns what the schema allows for an answer to the operation, with
// its variables. Of nil rules, and for what is no query, that is nothing. It
// takes time in proportion to the document: each fragment is walked once, since
// it says the same wherever it is spread.
func (r *Rules) Policy(operation *ast.OperationDefinition, variables map[string]any) Policy {
	if r == nil || operation.Operation != ast.Query {
		return Policy{}
	}
	w := walk{rules: r, variables: variables, fragments: map[*ast.FragmentDefinition]bool{}}
	w.selections(operation.SelectionSet)
	if !w.found.bounded { // such as { __typename }: nobody said that it may be kept
		return Policy{}
	}
	return Policy{MaxAge: w.found.maxAge, Private: w.found.private}
}

type walk struct {
	rules     *Rules
	variables map[string]any
	fragments map[*ast.FragmentDefinition]bool // those seen
	found     rule
}

func (w *walk) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if w.included(s.Directives) {
				w.found = w.found.within(w.rules.fields[s.Definition])
				w.selections(s.SelectionSet)
			}
		case *ast.InlineFragment:
			if w.included(s.Directives) {
				w.selections(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if w.included(s.Directives) && !w.fragments[s.Definition] {
				w.fragments[s.Definition] = true
				w.selections(s.Definition.SelectionSet)
			}
		}
	}
}

// included reports whether @skip and @include let a selection be executed.
func (w *walk) included(directives ast.DirectiveList) bool {
	return !w.says(directives, "skip", true) && !w.says(directives, "include", false)
}

func (w *walk) says(directives ast.DirectiveList, name string, what bool) bool {
	d := directives.ForName(name)
	if d == nil {
		return false
	}
	condition := d.Arguments.ForName("if")
	if condition == nil {
		return false
	}
	value, err := condition.Value.Value(w.variables)
	return err == nil && value == what
}
