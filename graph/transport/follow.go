package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/auth"
	"barograph/graph/stream"
	"barograph/internal/drain"
	"barograph/internal/fault"
)

// An event is one response of an operation, in JSON.
type event struct {
	id   string // "" if it has none
	text []byte
	last bool // it says why there are no more
}

// follow executes an operation and hands each of its responses to send, one at a
// time, until it is over or ctx is done. Why it is, unless all went well, is the
// last event.
func follow(ctx context.Context, exec graphql.GraphExecutor, operation *graphql.OperationContext, lastEventID string, send func(event)) {
	ctx, s := stream.New(ctx, lastEventID)
	err := run(ctx, exec, operation, s, send)
	if err == nil {
		return
	}
	ctx = graphql.WithOperationContext(ctx, operation)
	if text, failed := encode(exec.DispatchError(ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)})); failed == nil {
		send(event{text: text, last: true})
	}
}

// run executes an operation and returns why it ended, nil if it did by itself or
// the client wanted it.
func run(ctx context.Context, exec graphql.GraphExecutor, operation *graphql.OperationContext, s *stream.Stream, send func(event)) (err error) {
	defer func() {
		if p := recover(); p != nil { // which would end the program, in a goroutine of its own
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	next, ctx := exec.DispatchOperation(ctx, operation)
	sent := 0
	for response := next(ctx); response != nil; response = next(ctx) {
		text, err := encode(response)
		if err != nil {
			return err
		}
		send(event{id: s.EventID(), text: text})
		sent++
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, drain.ErrStopping):
		return fault.New(fault.Unavailable, "the server is stopping; another one will serve")
	case isOver(cause):
		return cause
	case isSubscription(operation):
		return s.Err()
	case sent == 0: // the client has left, or the time is up
		return fault.Of(cause)
	}
	return nil
}

// events executes an operation as follow does, in a goroutine of its own.
// Whoever calls it takes every event, until there are no more.
func events(ctx context.Context, exec graphql.GraphExecutor, operation *graphql.OperationContext, lastEventID string) <-chan event {
	all := make(chan event)
	go func() {
		defer close(all)
		follow(ctx, exec, operation, lastEventID, func(e event) { all <- e })
	}()
	return all
}

// streamContext returns the context of an operation: a subscription has to be
// told when the server stops, or stops knowing whose it is, and whatever else ends
// by itself.
func streamContext(request context.Context, operation *graphql.OperationContext) (context.Context, context.CancelFunc) {
	if isSubscription(operation) {
		return lasting(request)
	}
	return context.WithCancel(request)
}

// lasting returns the context of what has no end of its own.
func lasting(request context.Context) (context.Context, context.CancelFunc) {
	session, end := auth.Session(request)
	ctx, cancel := drain.Stream(session)
	return ctx, func() {
		cancel()
		end()
	}
}

// isOver reports whether a context ended since whose it is stopped being known.
func isOver(cause error) bool {
	var why *fault.Error
	return errors.As(cause, &why) && why.Kind == fault.Unauthenticated
}

func isSubscription(operation *graphql.OperationContext) bool {
	return operation.Operation.Operation == ast.Subscription
}

// refuseOperation answers a request of which nothing was executed since the
// operation is wrong.
func refuseOperation(ctx context.Context, w http.ResponseWriter, mediaType string, exec graphql.GraphExecutor, operation *graphql.OperationContext, errs gqlerror.List) {
	response := exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs)
	respond(w, mediaType, execution{strict: mediaType == mediaTypeGraphQL}.status(response), response)
}
