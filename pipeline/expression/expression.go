// Package expression compiles and runs the expressions of definitions: CEL over
// JSON, checked when it is saved and bounded while it runs. What an expression
// does not look into comes out of it to the byte; what it looks at keeps its
// value or is refused, and never turns into another number in silence. How much
// work an expression does and how much memory it takes is metered, node by node,
// so that none can do harm to those beside it. What expressions are for is left
// to package pipeline.
package expression

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

const (
	// TextLimit is how many bytes an expression may have.
	TextLimit = 8 << 10

	depthLimit  = 64     // of parentheses, calls and members within one another
	nodeLimit   = 10_000 // of the tree, macros expanded
	errorsLimit = 5      // that are told of one expression
)

// A Type is what an expression results in.
type Type uint8

// The types. What an expression makes of a payload's members is known only as it
// runs: it is checked then.
const (
	Any Type = iota
	Bool
	String
	Number
	Object
)

var typeNames = [...]string{Any: "any value", Bool: "true or false", String: "a string", Number: "a number", Object: "an object"}

// String returns the type in words.
func (t Type) String() string { return typeNames[t] }

// An Expression is ready to run. It is safe for concurrent use.
type Expression struct {
	program cel.Program
	want    Type
	names   map[string]bool
}

// Compile returns the expression that text is, of which a result of type want is
// expected, or Issues. It may mention the variables of the language.
func (l *Language) Compile(text string, want Type) (*Expression, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return nil, Issues{{Line: 1, Column: 1, Message: "the expression is empty"}}
	case len(text) > TextLimit:
		return nil, Issues{{Line: 1, Column: 1, Message: fmt.Sprintf("the expression has %d bytes, and %d are allowed", len(text), TextLimit)}}
	}
	tree, issues := l.env.Compile(text)
	if found := issuesOf(issues); len(found) > 0 {
		return nil, found
	}
	if !possible(tree.OutputType(), want) {
		return nil, Issues{{Line: 1, Column: 1, Message: fmt.Sprintf("the result is %s, and must be %v", inWords(tree.OutputType()), want)}}
	}
	program, err := l.env.Program(tree, cel.CustomDecoratorV2(meterNode), cel.InterruptCheckFrequency(1))
	if err != nil {
		return nil, Issues{{Line: 1, Column: 1, Message: firstLine(err.Error())}}
	}
	return &Expression{program, want, mentioned(tree)}, nil
}

// Mentions reports whether the expression looks at a variable.
func (e *Expression) Mentions(variable string) bool { return e.names[variable] }

// A Missing error says that an expression looks at a member that is not there.
type Missing struct{ message string }

// Error says which member.
func (m *Missing) Error() string { return m.message }

// Eval runs the expression on what a scope holds. The error is for whoever wrote
// the expression: it tells nothing but what that and its values do. It is a
// *Missing where a member that is not there has been looked at. A context that
// is done ends the evaluation.
func (e *Expression) Eval(ctx context.Context, s *Scope) (Value, error) {
	s.meter.begin(ctx)
	out, _, err := e.program.ContextEval(ctx, s)
	if err != nil {
		return Value{}, plain(ctx, err)
	}
	if option, is := out.(*types.Optional); is {
		if out = types.NullValue; option.HasValue() {
			out = option.GetValue()
		}
	}
	value := Value{out, s}
	if !value.is(e.want) {
		return Value{}, fmt.Errorf("the result is %s, and must be %v", inWords(out.Type()), e.want)
	}
	return value, nil
}

// plain returns what may be told of an error of CEL's.
func plain(ctx context.Context, err error) error {
	var cancelled interpreter.EvalCancelledError
	var failed *types.Err
	switch message := firstLine(err.Error()); {
	case ctx.Err() != nil:
		return fmt.Errorf("the expression takes too long: %w", context.Cause(ctx))
	case errors.As(err, &cancelled):
		return errors.New(message)
	case strings.HasPrefix(message, "no such key: "), strings.HasPrefix(message, "index out of bounds: "):
		return &Missing{message}
	case errors.As(err, &failed):
		return errors.New(message)
	}
	return errors.New("the expression cannot be evaluated")
}

const messageLimit = 300

// firstLine returns a message short enough to be shown.
func firstLine(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	if len(message) > messageLimit {
		message = strings.ToValidUTF8(message[:messageLimit], "") + "…"
	}
	return message
}
