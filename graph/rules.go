package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// validationRules returns those of the specification. gqlparser's let an empty
// object stand for a string, a number or an enum value, and a subscription have
// two aliases of one field, which then fail where nobody expects it; two rules of
// ours do not.
func validationRules() *rules.Rules {
	all := rules.NewDefaultRules()
	all.AddRule("LeavesAreNoObjects", leavesAreNoObjects)
	all.AddRule("OneFieldASubscription", oneFieldASubscription)
	return all
}

func leavesAreNoObjects(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, value *ast.Value) {
		if value.Kind != ast.ObjectValue || len(value.Children) > 0 || value.Definition == nil || value.ExpectedType == nil {
			return
		}
		custom := value.Definition.Kind == ast.Scalar && !value.Definition.BuiltIn
		if value.Definition.IsLeafType() && !custom {
			addError(core.Message("Expected value of type %q, found {}.", value.ExpectedType), core.At(value.Position))
		}
	})
}

// oneFieldASubscription refuses two aliases of one field, which gqlparser's own
// rule takes for the same: a subscription has one source of events.
func oneFieldASubscription(observers *core.Events, addError core.AddErrFunc) {
	observers.OnOperation(func(_ *core.Walker, operation *ast.OperationDefinition) {
		if operation.Operation != ast.Subscription {
			return
		}
		keys := map[string]bool{}
		responseKeys(operation.SelectionSet, keys, map[string]bool{})
		if len(keys) > 1 {
			addError(core.Message("A subscription must select only one top level field."), core.At(operation.Position))
		}
	})
}

// responseKeys adds the response keys of a selection, each fragment's once.
func responseKeys(selections ast.SelectionSet, keys, fragments map[string]bool) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			keys[s.Alias] = true
		case *ast.InlineFragment:
			responseKeys(s.SelectionSet, keys, fragments)
		case *ast.FragmentSpread:
			if s.Definition != nil && !fragments[s.Name] {
				fragments[s.Name] = true
				responseKeys(s.Definition.SelectionSet, keys, fragments)
			}
		}
	}
}
