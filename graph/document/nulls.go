package document

import "github.com/vektah/gqlparser/v2/ast"

// nulls tells of null variables that stand where null may not. A variable that
// may be null is valid there when it or the place has a default, which null
// replaces. The specification has the field fail; gqlgen does not, but takes ""
// or 0 for the null, and panics at @skip. So it is the request that is refused.
func (v *values) nulls(operation *ast.OperationDefinition, given map[string]any) {
	var null map[string]*ast.VariableDefinition
	for _, variable := range operation.VariableDefinitions {
		value, ok := given[variable.Variable]
		if !ok && variable.DefaultValue != nil && variable.DefaultValue.Kind == ast.NullValue {
			ok = true
		}
		if ok && value == nil {
			if null == nil {
				null = map[string]*ast.VariableDefinition{}
			}
			null[variable.Variable] = variable
		}
	}
	if len(null) > 0 {
		u := uses{values: v, null: null, fragments: map[string]bool{}}
		u.directives(operation.Directives)
		u.selections(operation.SelectionSet)
	}
}

// uses are those of an operation's null variables.
type uses struct {
	*values
	null      map[string]*ast.VariableDefinition
	fragments map[string]bool // that have been seen
}

func (u *uses) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			u.arguments(s.Arguments)
			u.directives(s.Directives)
			u.selections(s.SelectionSet)
		case *ast.InlineFragment:
			u.directives(s.Directives)
			u.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			u.directives(s.Directives)
			if !u.fragments[s.Name] {
				u.fragments[s.Name] = true
				u.directives(s.Definition.Directives)
				u.selections(s.Definition.SelectionSet)
			}
		}
	}
}

func (u *uses) directives(list ast.DirectiveList) {
	for _, directive := range list {
		u.arguments(directive.Arguments)
	}
}

func (u *uses) arguments(list ast.ArgumentList) {
	for _, argument := range list {
		u.value(argument.Value)
	}
}

func (u *uses) value(value *ast.Value) {
	for _, child := range value.Children {
		u.value(child.Value)
	}
	variable := u.null[value.Raw]
	if value.Kind != ast.Variable || variable == nil || value.ExpectedType == nil || !value.ExpectedType.NonNull {
		return
	}
	u.begin(variable)
	u.position = value.Position
	u.wrong("must not be null where it is used as %s", typeText(value.ExpectedType))
}
