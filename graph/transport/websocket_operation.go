package transport

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/graph/stream"
	"barograph/internal/fault"
	"barograph/internal/strictjson"
)

// subscribe begins an operation of any kind, or says why not.
func (s *socket) subscribe(m message) {
	quoted, err := strictjson.Marshal(m.id)
	if err != nil {
		s.end(badMessage)
		return
	}
	start := graphql.Now()
	ctx, cancel := context.WithCancel(graphql.StartOperationTrace(s.caller))
	op := &operation{id: m.id, quoted: quoted, over: ctx.Done(), cancel: cancel}
	switch s.operations.admit(op) {
	case admitted:
		m.params.Headers = s.header
		m.params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
		s.begin(func() {
			defer s.operations.done(op)
			defer cancel()
			s.execute(ctx, op, m.params)
		})
		return
	case inUse:
		s.end(duplicate(m.id))
	case full:
		limit := s.config.Operations
		s.reply(errorMessage(op, s.present(ctx, fault.New(fault.LimitExceeded,
			"operations at a time on one connection: found %d, allowed %d", limit+1, limit))))
	case leaving:
		s.reply(errorMessage(op, s.present(ctx, fault.New(fault.Unavailable, "the server is stopping"))))
	}
	cancel()
}

// execute executes an operation and sends what comes of it.
func (s *socket) execute(ctx context.Context, op *operation, params *graphql.RawParams) {
	defer func() {
		if p := recover(); p != nil {
			s.finish(op, s.present(ctx, fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
		}
	}()
	operation, errs := s.exec.CreateOperationContext(ctx, params)
	if errs != nil {
		s.finish(op, s.exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs).Errors)
		return
	}
	ctx, events := stream.New(ctx, "")
	var err error
	if operation.Operation.Operation == ast.Subscription {
		s.operations.last(op)
		ctx, err = s.sendAll(ctx, op, operation)
		err = cmp.Or(events.Err(), err)
	} else {
		ctx, err = s.sendOne(ctx, op, operation)
	}
	if err != nil {
		s.finish(op, s.present(ctx, err))
		return
	}
	s.finish(op, nil)
}

// sendOne sends the answer to a query or a mutation. It returns the context of
// its execution, which knows its name.
func (s *socket) sendOne(ctx context.Context, op *operation, operation *graphql.OperationContext) (context.Context, error) {
	next, ctx := s.exec.DispatchOperation(ctx, operation)
	response := next(ctx)
	if response == nil { // the client has left, or the time is up
		return ctx, cmp.Or(context.Cause(ctx), errNoResponse)
	}
	return ctx, s.sendNext(op, response)
}

var errNoResponse = errors.New("an operation without a response")

// sendAll sends the events of a subscription, until there are no more. What
// watches the execution is done when it has seen that.
func (s *socket) sendAll(ctx context.Context, op *operation, operation *graphql.OperationContext) (_ context.Context, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	next, ctx := s.exec.DispatchOperation(ctx, operation)
	for response := next(ctx); response != nil; response = next(ctx) {
		if err == nil {
			err = s.sendNext(op, response)
		}
		if err != nil {
			stop()
		}
	}
	return ctx, err
}

func (s *socket) sendNext(op *operation, response *graphql.Response) error {
	payload, err := encode(response)
	if err != nil {
		return fmt.Errorf("encode a response: %w", err)
	}
	s.send(op.over, writeMessage(typeNext, op.quoted, payload))
	return nil
}

// finish sends the last message about an operation: its errors, or that it is
// complete. A client that reads it may use the id again.
func (s *socket) finish(op *operation, errs gqlerror.List) {
	s.operations.forget(op)
	if len(errs) > 0 {
		s.send(op.over, errorMessage(op, errs))
		return
	}
	s.send(op.over, writeMessage(typeComplete, op.quoted, nil))
}

// errorMessage returns the message that says why an operation failed.
func errorMessage(op *operation, errs gqlerror.List) []byte {
	payload, err := json.Marshal(errs)
	if err != nil { // an extension is not JSON: a bug
		payload = []byte(`[{"message":"internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]`)
	}
	return writeMessage(typeError, op.quoted, payload)
}
