package allowance

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/graph/cost"
	"barograph/internal/ratelimit"
)

// A Bill is what one operation is charged.
type Bill struct {
	allowance *Allowance
	name      string // of who pays
	slip      *slip  // of the request, nil for none
	requested int
	rest      ratelimit.Taken // beyond the first token
	meter     *cost.Meter
	owed      int // for the event handed on last, and not yet paid
	left      int
	settled   atomic.Bool
}

const extension = "allowance"

func billOf(operation *graphql.OperationContext) *Bill {
	b, _ := operation.Stats.GetExtension(extension).(*Bill)
	return b
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
} = (*Allowance)(nil)

// ExtensionName names the extension.
func (*Allowance) ExtensionName() string { return "Allowance" }

// Validate finds no fault with any schema.
func (*Allowance) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation gives an operation its place among those of its principal, and
// settles its bill when it is over.
func (a *Allowance) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	b := billOf(operation)
	if b == nil {
		return next(ctx)
	}
	kind := operation.Operation.Operation
	if !a.under.enter(b.name, kind, a.Config) {
		b.settle()
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{a.tooMany(ctx, b, kind)}})
	}
	responses := next(ctx)
	left := false
	leave := func() {
		if !left {
			left = true
			b.settle() // first: who finds room finds what is left, too
			a.under.leave(b.name, kind)
		}
	}
	if kind == ast.Subscription {
		root := graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{"Subscription"})
		return b.events(root, responses, leave)
	}
	return func(ctx context.Context) *graphql.Response {
		over := true
		defer func() {
			if over { // after a panic too
				leave()
			}
		}()
		response := responses(ctx)
		if over = response == nil || response.HasNext == nil || !*response.HasNext; over && response != nil && !left {
			leave()
			a.report(b, operation, response)
		}
		return response
	}
}

// Waive gives back what an operation was charged that does not begin after all, but
// for the one token of what is asked in vain. It does nothing where nothing was charged.
func Waive(operation *graphql.OperationContext) {
	if b := billOf(operation); b != nil {
		b.settle()
	}
}

// settle gives back what was paid and not used. Something costs one token in any
// case.
func (b *Bill) settle() {
	if b.settled.CompareAndSwap(false, true) {
		if unused := b.requested - b.actual(); unused > 0 {
			b.left = b.rest.Refund(unused)
			b.slip.left(b.left)
		}
	}
}

// actual returns what the operation has cost, but for events that are paid for.
func (b *Bill) actual() int { return max(b.meter.Total()+b.owed, 1) }

// events hands on the events of a subscription to the root field, and charges for each.
// Who cannot pay for one waits for the next: nothing of it is lost, and one that falls
// too far behind is told so by what it subscribes to. What the last one costs is kept of
// what was paid at the beginning.
func (b *Bill) events(root []graphql.CollectedField, responses graphql.ResponseHandler, leave func()) graphql.ResponseHandler {
	return func(ctx context.Context) (response *graphql.Response) {
		defer func() {
			if response == nil { // after a panic too
				leave()
			}
		}()
		b.pay(ctx)
		if response = responses(ctx); response != nil {
			b.meter.Rest(root)
			b.owed = max(b.meter.Reset(), 1)
		}
		return response
	}
}

// pay takes what is owed, and waits for it until ctx is done.
func (b *Bill) pay(ctx context.Context) {
	buckets := b.allowance.Buckets
	for b.owed > 0 && ctx.Err() == nil {
		taken := buckets.Take(ctx, b.name, min(b.owed, buckets.Limit().Burst))
		if taken.OK {
			b.owed = 0
			return
		}
		b.allowance.log(ctx, b.name)
		timer := time.NewTimer(taken.Wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}
