package weather

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"barograph/internal/fault"
)

// A flight is the fetch of a subject, from the first who wants it to the first
// provider that has it.
type flight struct {
	subject
	done       chan struct{} // closed when it has landed
	result     Result        // read after done
	order      *order
	background bool

	// The rest is guarded by the coalescer's mu.
	need    Need
	waiters int     // who joined and has not left
	stops   []*line // providers to be asked, the present one first
	visit   *visit  // to the present one
	call    *call   // nil while it waits for a lane
	err     error   // why the providers before had nothing
	over    bool    // it has landed, or nobody waits for it
	anew    bool    // somebody will not have what a cache has
}

// An order is what one operation asks for at once.
type order struct {
	ctx      context.Context //nolint:containedctx // says whose trace and log its calls belong to; its end ends none
	deadline time.Time
	hurry    time.Time // when the operation gives up; zero if it says nothing
	link     trace.Link
	links    []trace.Link // guarded by the coalescer's mu: operations that joined it while it waited
}

func newOrder(ctx context.Context) *order {
	hurry, _ := ctx.Deadline()
	return &order{
		ctx: context.WithoutCancel(ctx), deadline: time.Now().Add(fetchTimeout), hurry: hurry, link: trace.LinkFromContext(ctx),
	}
}

func newFlight(w want, need Need, o *order, stops []*line) *flight {
	return &flight{
		subject: w.subject, done: make(chan struct{}), order: o, background: w.background,
		need: need, waiters: 1, stops: stops, anew: w.anew,
	}
}

// arrived returns a flight that has landed.
func arrived(r Result) *flight {
	f := &flight{done: make(chan struct{}), result: r, over: true}
	close(f.done)
	return f
}

// join counts one more who waits. The caller holds the coalescer's mu.
func (f *flight) join(o *order) {
	f.waiters++
	if f.call == nil {
		addLink(&f.order.links, o)
		return
	}
	addLink(&f.call.links, o)
	if f.waiters == 1 {
		f.call.wanted++
	}
}

// pass leaves the present provider, which had nothing. That it knows no such
// place counts only if no other one fails in another way. The caller holds the
// coalescer's mu.
func (f *flight) pass(err error) {
	if f.err == nil || fault.KindOf(f.err) == fault.NotFound {
		f.err = err
	}
	f.stops = f.stops[1:]
}

// wait returns the flight's result. It fails when ctx ends first.
func (f *flight) wait(ctx context.Context) Result {
	select {
	case <-f.done:
		return f.result
	default:
	}
	select {
	case <-f.done:
		return f.result
	case <-ctx.Done():
		return Result{Err: gone(ctx)}
	}
}

// linksLimit is how many operations a call is linked to: as many links as the
// SDK keeps of a span by default.
const linksLimit = 128

// addLink adds a link to an operation, unless it has just been added.
func addLink(links *[]trace.Link, o *order) {
	n := len(*links)
	if !o.link.SpanContext.IsSampled() || n >= linksLimit || n > 0 && (*links)[n-1].SpanContext.Equal(o.link.SpanContext) {
		return
	}
	*links = append(*links, o.link)
}
