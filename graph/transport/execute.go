package transport

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/sync/errgroup"

	"barograph/graph/allowance"
	"barograph/graph/caching"
	"barograph/internal/fault"
)

// batchConcurrency is how many requests of a batch are executed at a time.
const batchConcurrency = 20

// An execution executes the requests of an HTTP request.
type execution struct {
	exec    graphql.GraphExecutor
	rules   *caching.Rules
	reading bool // whether nothing may be changed
	strict  bool // whether the status tells that nothing was executed, as the newer media type has it
}

// An answer is what is sent back.
type answer struct {
	status    int
	allow     string // the methods that would do, where this one does not
	body      []byte
	faultless bool // whether it has data and no errors
	policy    caching.Policy
}

// one executes one request.
func (e execution) one(ctx context.Context, r request) answer {
	response, result := e.execute(ctx, r)
	body, err := encode(response)
	if err != nil {
		return broken()
	}
	result.body = body
	return result
}

// all executes a batch, each request by itself, and answers in their order.
// Mutations of a batch run beside each other, too.
func (e execution) all(ctx context.Context, requests []request) answer {
	answers := make([]answer, len(requests))
	var running errgroup.Group
	running.SetLimit(batchConcurrency)
	for i, r := range requests {
		running.Go(func() error {
			answers[i] = e.one(ctx, r)
			return nil
		})
	}
	_ = running.Wait() // none fails: each has its answer
	together := answer{status: answers[0].status, policy: answers[0].policy}
	var body bytes.Buffer
	for i, a := range answers {
		separator := byte(',')
		if i == 0 {
			separator = '['
		}
		body.WriteByte(separator)
		body.Write(a.body)
		together.policy = together.policy.Within(a.policy)
		if a.status != http.StatusTooManyRequests { // which is of the batch if it is of all
			together.status = http.StatusOK
		}
	}
	body.WriteByte(']')
	together.body = body.Bytes()
	return together
}

// execute returns the response to a request, and all but the body of its answer.
func (e execution) execute(ctx context.Context, r request) (response *graphql.Response, result answer) {
	defer func() {
		if p := recover(); p != nil { // of a batch, nobody else would
			cause := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			response = e.exec.DispatchError(ctx, gqlerror.List{{Message: "internal server error", Err: cause}})
			result = answer{status: http.StatusInternalServerError}
		}
	}()
	if r.wrong != nil {
		return refusal(r.wrong)
	}
	operation, errs := e.exec.CreateOperationContext(ctx, r.params)
	if errs != nil {
		response = e.exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs)
		return response, answer{status: e.status(response)}
	}
	switch kind := operation.Operation.Operation; {
	case kind == ast.Subscription:
		allowance.Waive(operation)
		return refusal(malformed(subscriptions))
	case kind == ast.Mutation && e.reading:
		allowance.Waive(operation)
		return refusal(&problem{status: http.StatusMethodNotAllowed, allow: http.MethodPost, message: "mutations are served by POST"})
	}
	ctx, hints := caching.Collect(ctx)
	next, ctx := e.exec.DispatchOperation(ctx, operation)
	response = next(ctx)
	if response == nil { // the client has left, or the time is up
		known := fault.Of(context.Cause(ctx))
		response = &graphql.Response{Errors: gqlerror.List{coded(known.Message, known.Kind)}}
	}
	result = answer{status: e.status(response)}
	if result.faultless = len(response.Errors) == 0; result.faultless {
		result.policy = hints.Policy(e.rules.Policy(operation.Operation, operation.Variables))
	}
	return response, result
}

// refusal answers a request that is read, and not executed.
func refusal(wrong *problem) (*graphql.Response, answer) {
	refusals.add(wrong.status)
	return wrong.response(), answer{status: wrong.status, allow: wrong.allow}
}

// statuses of request errors, where they are not 400.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.Overloaded:      http.StatusServiceUnavailable,
	fault.Timeout:         http.StatusServiceUnavailable,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// status returns the status of a response. The older media type has 200 for
// every request that could be read; the newer one, for those that were executed.
// Who asks too often is told so in either, since it is not only for those who know
// GraphQL: proxies and libraries wait when they see it.
func (e execution) status(response *graphql.Response) int {
	if response.Data != nil || len(response.Errors) == 0 {
		return http.StatusOK
	}
	code, _ := response.Errors[0].Extensions["code"].(string)
	kind, known := fault.Parse(code)
	if !e.strict && kind != fault.RateLimited {
		return http.StatusOK
	}
	if known && statuses[kind] != 0 {
		return statuses[kind]
	}
	return http.StatusBadRequest
}
