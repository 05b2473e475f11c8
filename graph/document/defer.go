package document

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// withoutDefer returns the document without @defer: itself when there is none,
// else a copy, for the original is shared. Both have in common what cannot be
// deferred, such as arguments.
func withoutDefer(document *ast.QueryDocument) *ast.QueryDocument {
	defers := slices.ContainsFunc(document.Operations, func(o *ast.OperationDefinition) bool { return hasDefer(o.SelectionSet) }) ||
		slices.ContainsFunc(document.Fragments, func(f *ast.FragmentDefinition) bool { return hasDefer(f.SelectionSet) })
	if !defers {
		return document
	}
	plain := *document
	copies := map[string]*ast.FragmentDefinition{}
	plain.Fragments = make(ast.FragmentDefinitionList, len(document.Fragments))
	for i, f := range document.Fragments {
		fragment := *f
		plain.Fragments[i], copies[f.Name] = &fragment, &fragment
	}
	for _, f := range plain.Fragments {
		f.SelectionSet = copySelections(f.SelectionSet, copies)
	}
	plain.Operations = make(ast.OperationList, len(document.Operations))
	for i, o := range document.Operations {
		operation := *o
		operation.SelectionSet = copySelections(o.SelectionSet, copies)
		plain.Operations[i] = &operation
	}
	return &plain
}

func hasDefer(set ast.SelectionSet) bool {
	return slices.ContainsFunc(set, func(selection ast.Selection) bool {
		switch s := selection.(type) {
		case *ast.Field:
			return hasDefer(s.SelectionSet)
		case *ast.InlineFragment:
			return s.Directives.ForName("defer") != nil || hasDefer(s.SelectionSet)
		case *ast.FragmentSpread:
			return s.Directives.ForName("defer") != nil
		}
		return false
	})
}

// copySelections copies a selection without @defer. Spreads in it point to the
// copies of fragments.
func copySelections(set ast.SelectionSet, fragments map[string]*ast.FragmentDefinition) ast.SelectionSet {
	if set == nil {
		return nil
	}
	plain := make(ast.SelectionSet, len(set))
	for i, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			field := *s
			field.SelectionSet = copySelections(s.SelectionSet, fragments)
			plain[i] = &field
		case *ast.InlineFragment:
			inline := *s
			inline.Directives = undeferred(s.Directives)
			inline.SelectionSet = copySelections(s.SelectionSet, fragments)
			plain[i] = &inline
		case *ast.FragmentSpread:
			spread := *s
			spread.Directives = undeferred(s.Directives)
			spread.Definition = fragments[s.Name]
			plain[i] = &spread
		}
	}
	return plain
}

func undeferred(directives ast.DirectiveList) ast.DirectiveList {
	return slices.DeleteFunc(slices.Clone(directives), func(d *ast.Directive) bool { return d.Name == "defer" })
}
