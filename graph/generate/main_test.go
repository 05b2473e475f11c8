package main

import (
	"os"
	"strings"
	"testing"
)

// stock is what gqlgen writes for one object and for the execution.
const stock = `package generated

import (
	"bytes"
	"context"
	"math"
	"sync/atomic"
)

func (e *executableSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	switch opCtx.Operation.Operation {
	case ast.Query:
		return func(ctx context.Context) *graphql.Response {
			var response graphql.Response
			var data graphql.Marshaler
			if first {
				first = false
				data = ec._Query(ctx, opCtx.Operation.SelectionSet)
			} else {
				if atomic.LoadInt32(&ec.PendingDeferred) > 0 {
					data = result.Result
				} else {
					return nil
				}
			}
			var buf bytes.Buffer
			data.MarshalGQL(&buf)
			response.Data = buf.Bytes()
			if atomic.LoadInt32(&ec.Deferred) > 0 {
				hasNext := atomic.LoadInt32(&ec.PendingDeferred) > 0
				response.HasNext = &hasNext
			}

			return &response
		}
	}
}

func (ec *executionContext) _Node(ctx context.Context, sel ast.SelectionSet, obj wire.Node) graphql.Marshaler {
	switch obj := (obj).(type) {
	case *gazetteer.City:
		return ec._City(ctx, sel, obj)
	}
}

func (ec *executionContext) _City(ctx context.Context, sel ast.SelectionSet, obj *gazetteer.City) graphql.Marshaler {
	fields := graphql.CollectFields(ec.OperationContext, sel, cityImplementors)

	out := graphql.NewFieldSet(fields)
	deferred := graphql.NewDeferredGroup(ctx)
	for i, field := range fields {
		out.ResolveConcurrently(ec.OperationContext, &deferred, i,
			true, false,
			func(ctx context.Context) graphql.Marshaler {
				return ec._City_weather(ctx, field, obj)
			})
	}
	out.Dispatch(ctx)

	if n := len(deferred.Defers); n > 0 {
		atomic.AddInt32(&ec.Deferred, int32(min(n, math.MaxInt32)))
		ec.ProcessDeferredGroup(deferred)
	}

	return out
}
`

func TestRewriteLeavesDeferToTheIncrementalPackage(t *testing.T) {
	t.Parallel()
	source, err := rewrite([]byte(stock))
	if err != nil {
		t.Fatal(err)
	}
	got := string(source)
	for _, want := range []string{
		`"barograph/graph/incremental"`,
		"if !first {\n\t\t\t\treturn incremental.Next(ctx, opCtx)\n\t\t\t}\n\t\t\tvar response",
		"\t\t\tfirst = false\n\t\t\tdata = ec._Query(ctx, opCtx.Operation.SelectionSet)\n\t\t\tvar buf",
		"return incremental.First(opCtx, &response)",
		"fields, later := incremental.Fields(ctx, ec.OperationContext, sel, cityImplementors)",
		"out.ResolveConcurrently(ec.OperationContext, nil, i,",
		"if later != nil {\n\t\treturn later.Join(ctx, out, func(ctx context.Context, sel ast.SelectionSet) graphql.Marshaler {\n\t\t\treturn ec._City(ctx, sel, obj)\n\t\t})\n\t}",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
	for _, gone := range []string{`"math"`, "Deferred"} {
		if strings.Contains(got, gone) {
			t.Errorf("there is still %q in\n%s", gone, got)
		}
	}
}

func TestRewriteRefusesCodeItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{
		"no collection": "fields := graphql.CollectFields(ec.OperationContext, sel, cityImplementors)",
		"no group":      "deferred := graphql.NewDeferredGroup(ctx)",
		"no ending":     "ec.ProcessDeferredGroup(deferred)",
		"no response":   "return &response\n",
		"no beginning":  "if first {\n",
		"no object":     "graphql.NewFieldSet(fields)",
		"no imports":    "import (",
	} {
		if _, err := rewrite([]byte(strings.Replace(stock, part, "changed", 1))); err == nil || !strings.Contains(err.Error(), "gqlgen has changed") {
			t.Errorf("%s: error %v, want one that says that gqlgen has changed", name, err)
		}
	}
	another := strings.Replace(stock, "out.Dispatch(ctx)", "out.Dispatch(ctx)\n\tanother(&deferred)", 1)
	if _, err := rewrite([]byte(another)); err == nil {
		t.Error("another use of the deferred group is left as it is")
	}
}

// What is committed has been rewritten: a second time finds nothing to do it to.
func TestGeneratedCodeHasBeenRewritten(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../generated/generated.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rewrite(source); err == nil || strings.Contains(string(source), "NewDeferredGroup") {
		t.Errorf("the generated code is gqlgen's own: run go generate .")
	}
}
