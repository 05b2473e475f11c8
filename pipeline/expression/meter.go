package expression

import (
	"context"
	"fmt"

	"cel.dev/cel-go/interpreter"
)

const (
	// WorkLimit is how much one evaluation may do: about one unit for each node
	// that is evaluated, each item that is looked at and each 32 bytes of a string.
	WorkLimit = 1 << 20
	// StringLimit is how many bytes a string that is made may have.
	StringLimit = 1 << 20

	byteShare = 5    // of a string's bytes, as a shift: 32 of them are one unit
	patience  = 4096 // units between two looks at the clock
)

// A meter counts the work of an evaluation and ends it when that is too much. It
// ends it by a panic that CEL recovers, since an error could be ignored: true ||
// error is true.
type meter struct {
	left  int
	until int // so much is left when the context is looked at
	done  <-chan struct{}
}

func (m *meter) begin(ctx context.Context) { *m = meter{WorkLimit, WorkLimit - patience, ctx.Done()} }

// work counts units of work.
func (m *meter) work(units int) {
	if m.left -= units; m.left > m.until {
		return
	}
	if m.left < 0 {
		stop("the expression does too much with this payload: more than %d steps", WorkLimit)
	}
	m.until = m.left - patience
	select {
	case <-m.done:
		stop("the expression takes too long")
	default:
	}
}

// text counts a string of so many bytes.
func (m *meter) text(length int) {
	if length > StringLimit {
		stop("a string the expression makes is too long: more than %d bytes", StringLimit)
	}
	m.work(length >> byteShare)
}

func stop(format string, args ...any) {
	panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: fmt.Sprintf(format, args...)})
}
