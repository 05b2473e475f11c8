package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/graph/persisted"
	"barograph/internal/fault"
	"barograph/internal/operation"
)

// A presenter turns errors into what a client may see of them.
type presenter struct{ logger *slog.Logger }

// present gives an error its code, and hides one that has no kind behind
// INTERNAL_SERVER_ERROR once it is logged: here, unless an operation has done
// so. It never changes err: the same one may stand at several paths.
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	shown := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var given *gqlerror.Error
	if errors.As(err, &given) {
		if code, ok := given.Extensions["code"].(string); ok && given.Err == nil && isOurs(code) {
			return given
		}
		shown.Path, shown.Locations = given.Path, given.Locations
		if given.Err != nil {
			err = given.Err
		}
	}
	known := fault.Of(err)
	shown.Message = known.Message
	shown.Extensions = map[string]any{"code": known.Kind.Code()}
	if known.Kind.Retryable() {
		shown.Extensions["retryable"] = true
	}
	if known.RetryAfter > 0 {
		shown.Extensions["retryAfterMs"] = known.RetryAfter.Milliseconds()
	}
	if known.Kind == fault.Internal && !operation.Logged(err) {
		p.logger.ErrorContext(ctx, "internal error", "path", shown.Path.String(), "err", err)
	}
	return shown
}

// isOurs reports whether an error with the code was made by a part of the
// execution that speaks to clients.
func isOurs(code string) bool {
	switch code {
	case errcode.ParseFailed, errcode.ValidationFailed, fault.BadRequest.Code(), fault.BadInput.Code(), fault.LimitExceeded.Code(), fault.MaxCostExceeded.Code(),
		persisted.CodeNotFound, persisted.CodeNotSupported, persisted.CodeNotInList, persisted.CodeUntrusted:
		return true
	}
	return false
}

// recovered turns a panic into an error.
func recovered(_ context.Context, p any) error {
	var number *strconv.NumError
	if err, ok := p.(error); ok && errors.As(err, &number) {
		// gqlparser panics on a literal that neither an int64 nor a double can hold.
		return fault.Wrap(err, fault.BadInput, "a number in the arguments is out of range; a variable may hold it")
	}
	return fmt.Errorf("panic: %v\n%s", p, debug.Stack())
}
