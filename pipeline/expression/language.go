package expression

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// A Language is CEL with variables. It is safe for concurrent use.
type Language struct{ env *cel.Env }

// Now is the variable that holds a time, and not JSON.
const Now = "now"

// NewLanguage returns CEL with variables: Now is a timestamp, any other one an
// object.
func NewLanguage(variables ...string) (*Language, error) {
	options := []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(depthLimit),
		cel.ParserErrorRecoveryLimit(errorsLimit),
		cel.ParserExpressionSizeLimit(TextLimit),
		cel.ExpressionNodeLimit(nodeLimit),
		cel.OptionalTypes(),
		ext.Strings(ext.StringsVersion(0)), // without format, whose work the length of its text does not bound
		ext.Math(),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), ownRules{}),
	}
	options = append(options, functions()...)
	object := cel.MapType(cel.StringType, cel.DynType)
	for _, name := range variables {
		t := object
		if name == Now {
			t = cel.TimestampType
		}
		options = append(options, cel.Variable(name, t))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("make the language of expressions: %w", err)
	}
	return &Language{env}, nil
}

// possible reports whether what is of a type of CEL's may be what is wanted.
func possible(t *cel.Type, want Type) bool {
	switch t.Kind() {
	case types.DynKind, types.NullTypeKind, types.TypeParamKind:
		return true
	case types.OpaqueKind:
		return t.TypeName() == "optional_type" && possible(t.Parameters()[0], want)
	case types.BoolKind:
		return want == Any || want == Bool
	case types.StringKind:
		return want == Any || want == String
	case types.IntKind, types.UintKind, types.DoubleKind:
		return want == Any || want == Number
	case types.MapKind:
		return want == Any || want == Object
	case types.ListKind, types.TimestampKind, types.DurationKind, types.BytesKind:
		return want == Any
	}
	return false
}

// inWords names a type of CEL's as people who write JSON do.
func inWords(t interface{ TypeName() string }) string {
	switch name := t.TypeName(); name {
	case "map":
		return "an object"
	case "list":
		return "a list"
	case "bool":
		return "true or false"
	case "null_type":
		return "null"
	case "int", "uint", "double":
		return "a number"
	default:
		return "a " + name
	}
}

// mentioned returns the variables that a tree looks at.
func mentioned(tree *cel.Ast) map[string]bool {
	names := map[string]bool{}
	ast.PostOrderVisit(tree.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind {
			names[e.AsIdent()] = true
		}
	}))
	return names
}

// ownRules refuses what could not be bounded as it runs, or not be written down.
type ownRules struct{}

// Name names the rules.
func (ownRules) Name() string { return "barograph" }

// Validate reports what a tree has that they refuse.
func (ownRules) Validate(_ *cel.Env, _ cel.ValidatorConfig, tree *ast.AST, issues *cel.Issues) {
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.CallKind:
			if call := e.AsCall(); call.FunctionName() == matchesFunction {
				pattern := call.Args()[len(call.Args())-1]
				if pattern.Kind() != ast.LiteralKind {
					issues.ReportErrorAtID(pattern.ID(), "the pattern of matches must be written out, as in matches('^[A-Z]+$')")
				} else if _, _, err := compilePattern(fmt.Sprint(pattern.AsLiteral().Value())); err != nil {
					issues.ReportErrorAtID(pattern.ID(), "%s", err)
				}
			}
		case ast.MapKind:
			for _, entry := range e.AsMap().Entries() {
				key := entry.AsMapEntry().Key()
				if kind := tree.GetType(key.ID()).Kind(); kind != types.StringKind && kind != types.DynKind {
					issues.ReportErrorAtID(key.ID(), "the names of an object's members are strings")
				}
			}
		case ast.StructKind:
			issues.ReportErrorAtID(e.ID(), "there are no messages here: an object is written {'name': value}")
		}
	}))
}

// matchesFunction is the name of the function of regular expressions.
const matchesFunction = "matches"

// arithmetic are the operators between numbers of either kind: JSON does not tell
// 2 from 2.0, so that expressions must not either.
var arithmetic = []string{operators.Add, operators.Subtract, operators.Multiply, operators.Divide}
