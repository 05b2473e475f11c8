package operation

import (
	"context"
	"errors"
	"log/slog"

	"barograph/internal/fault"
)

// A failure is the error of an operation.
type failure struct {
	operation string
	err       error
}

func (f *failure) Error() string { return f.operation + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errPanic stands for the error of an operation that panicked. The panic itself
// goes on.
var errPanic = errors.New("panic")

// Logged reports whether err comes from an operation, so that it has been
// logged: once is enough.
func Logged(err error) bool {
	var f *failure
	return errors.As(err, &f)
}

// Level returns the level at which a failure is worth logging: one that only
// its caller can mend, or a caller who has left, is no news for an operator.
func Level(err error) slog.Level {
	switch kind := fault.KindOf(err); {
	case errors.Is(err, context.Canceled), !kind.Ours():
		return slog.LevelDebug
	case kind == fault.Internal:
		return slog.LevelError
	}
	return slog.LevelWarn
}

// level returns the level for an operation's failure. One that failed because
// another did, which has logged it, keeps quiet.
func level(err error) slog.Level {
	if Logged(err) {
		return slog.LevelDebug
	}
	return Level(err)
}
