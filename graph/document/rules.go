package document

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	specified "github.com/vektah/gqlparser/v2/validator/rules"
)

// rules are those that a document is validated by.
type rules []core.Rule

// rulesOf returns those of the specification, but for merging fields, which has
// an algorithm of its own, and some of ours: gqlparser lets an empty object stand
// for a string, a number or an enum value, an Int have more than 32 bits, and a
// subscription have two aliases of one field, which then fail where nobody
// expects it.
func rulesOf(hidden bool) rules {
	all := specified.NewDefaultRules()
	all.RemoveRule(specified.OverlappingFieldsCanBeMergedRule.Name)
	// What is near a value takes time that grows with the value's length.
	replace(all, specified.ValuesOfCorrectTypeRule, specified.ValuesOfCorrectTypeRuleWithoutSuggestions)
	all.AddRule("LeavesAreNoObjects", leavesAreNoObjects)
	all.AddRule("IntsHave32Bits", intsHave32Bits)
	all.AddRule("OneFieldASubscription", oneFieldASubscription)
	if hidden {
		replace(all, specified.FieldsOnCorrectTypeRule, specified.FieldsOnCorrectTypeRuleWithoutSuggestions)
		replace(all, specified.KnownArgumentNamesRule, specified.KnownArgumentNamesRuleWithoutSuggestions)
		replace(all, specified.KnownTypeNamesRule, specified.KnownTypeNamesRuleWithoutSuggestions)
		replace(all, specified.ScalarLeafsRule, specified.ScalarLeafsRuleWithoutSuggestions)
		all.AddRule("NoIntrospection", noIntrospection)
	}
	var sorted rules
	for name, rule := range all.GetInner() {
		sorted = append(sorted, core.Rule{Name: name, RuleFunc: rule})
	}
	slices.SortFunc(sorted, func(a, b core.Rule) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return sorted
}

func replace(all *specified.Rules, rule, by core.Rule) {
	all.RemoveRule(rule.Name)
	all.AddRule(by.Name, by.RuleFunc)
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

func intsHave32Bits(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, value *ast.Value) {
		if value.Kind != ast.IntValue || value.Definition == nil || value.Definition.Name != "Int" {
			return
		}
		if _, err := strconv.ParseInt(value.Raw, 10, 32); err != nil {
			addError(core.Message("Int cannot represent non 32-bit signed integer value: %s", value.Raw), core.At(value.Position))
		}
	})
}

// noIntrospection refuses to tell of the schema. __typename tells nothing that
// the answer does not.
func noIntrospection(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(walker *core.Walker, field *ast.Field) {
		if field.ObjectDefinition == walker.Schema.Query && (field.Name == "__schema" || field.Name == "__type") {
			addError(core.Message("introspection is off"), core.At(field.Position), func(err *gqlerror.Error) {
				err.Extensions = map[string]any{"validationErrorCode": "INTROSPECTION_DISABLED"}
			})
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
