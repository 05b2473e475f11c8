package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// validationRules returns those of the specification. gqlparser's lets an empty
// object stand for a string, a number or an enum value, which then fails where
// nobody expects it; a rule of ours does not.
func validationRules() *rules.Rules {
	all := rules.NewDefaultRules()
	all.AddRule("LeavesAreNoObjects", leavesAreNoObjects)
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
