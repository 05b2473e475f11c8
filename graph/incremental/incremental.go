// Package incremental executes @defer: an object's deferred fields are left out
// of the first part of the answer and resolved once that is complete, each
// fragment's together. It decides what comes when, as graphql-js 17 does, and
// leaves to the transports how a part is written. Generated code calls Fields,
// Join, First and Next, where gqlgen's own would answer null for a deferred field
// in the first part; graph/generate puts the calls there.
package incremental

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// A Delivery is the answer to one query as it comes in parts.
type Delivery struct {
	operation    *graphql.OperationContext
	interceptors []Interceptor
	first        group        // which is not deferred: whatever the first part has
	fragments    atomic.Int64 // made so far
	finished     chan *group
	running      sync.WaitGroup // groups

	mu      sync.Mutex
	carried map[*ast.InlineFragment]*fragment // guarded by mu: selections that belong to a deferred fragment

	// These belong to the goroutine that asks for responses.
	announced []*fragment
	pending   int      // announced and not over
	next      []*group // to start
	update    Update
}

type deliveryKey struct{}

// New returns a context for one operation whose answer may come in parts, if it
// is a query that defers something.
func New(ctx context.Context) (context.Context, *Delivery) {
	d := &Delivery{finished: make(chan *group), carried: map[*ast.InlineFragment]*fragment{}}
	return context.WithValue(ctx, deliveryKey{}, d), d
}

// Accepted reports whether the answer may come in parts. Otherwise, what is
// deferred has to be in the first one.
func Accepted(ctx context.Context) bool { return ctx.Value(deliveryKey{}) != nil }

// Update returns what the latest response brought.
func (d *Delivery) Update() Update { return d.update }

// Wait waits until nothing is being resolved any more. The context of the
// responses must have been cancelled, unless there are none to come.
func (d *Delivery) Wait() { d.running.Wait() }

// An Update says what one part of the answer changes.
type Update struct {
	Pending   []Fragment  // which come later
	Parts     []Part      // data that belongs to the answer
	Completed []Completed // fragments of which all has come, or nothing ever will
	HasNext   bool
}

// A Fragment is a deferred fragment at one object of the answer.
type Fragment struct {
	ID    string
	Path  ast.Path // of the object
	Label string   // "" if it has none
}

// A Part is data for an object of the answer.
type Part struct {
	Fragment Fragment // the closest one that the data belongs to
	Path     ast.Path // of the object
	Data     []byte
	Errors   gqlerror.List
}

// SubPath returns the object's path from the fragment's.
func (p Part) SubPath() ast.Path { return p.Path[len(p.Fragment.Path):] }

// A Completed fragment has no errors, or else no data.
type Completed struct {
	Fragment
	Errors gqlerror.List
}

// An Interceptor is an extension of the execution that is told of deferred
// fields.
type Interceptor interface {
	// InterceptDeferred is called before deferred fields are resolved, for those
	// of all objects that are resolved side by side. It may replace their
	// contexts, and returns what is called as each object's are resolved.
	InterceptDeferred(fields [][]graphql.CollectedField, contexts []context.Context) (resolved func(i int))
}

// An Extension of gqlgen's execution makes generated code deliver in parts where
// that is accepted.
type Extension struct{ Interceptors []Interceptor }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
} = Extension{}

// ExtensionName names the extension.
func (Extension) ExtensionName() string { return "Incremental" }

// Validate finds no fault with any schema.
func (Extension) Validate(graphql.ExecutableSchema) error { return nil }

const statsKey = "barograph/graph/incremental"

// InterceptOperation prepares an operation that defers something.
func (e Extension) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	d, accepted := ctx.Value(deliveryKey{}).(*Delivery)
	if accepted && operation.Operation.Operation == ast.Query && defers(operation.Doc) {
		d.operation, d.interceptors = operation, e.Interceptors
		operation.Stats.SetExtension(statsKey, d)
	}
	return next(ctx)
}

// of returns the delivery of an operation, nil if its answer is whole. Every
// object asks, and this is faster than a context.
func of(operation *graphql.OperationContext) *Delivery {
	d, _ := operation.Stats.GetExtension(statsKey).(*Delivery)
	return d
}

// defers reports whether a document has @defer anywhere.
func defers(document *ast.QueryDocument) bool {
	for _, operation := range document.Operations {
		if mentions(operation.SelectionSet) {
			return true
		}
	}
	for _, fragment := range document.Fragments {
		if mentions(fragment.SelectionSet) {
			return true
		}
	}
	return false
}

func mentions(selections ast.SelectionSet) bool {
	for _, selection := range selections {
		found := false
		switch s := selection.(type) {
		case *ast.Field:
			found = mentions(s.SelectionSet)
		case *ast.InlineFragment:
			found = s.Directives.ForName(directive) != nil || mentions(s.SelectionSet)
		case *ast.FragmentSpread:
			found = s.Directives.ForName(directive) != nil
		}
		if found {
			return true
		}
	}
	return false
}
