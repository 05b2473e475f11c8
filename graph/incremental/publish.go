package incremental

import (
	"context"
	"runtime"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// First turns the answer to what is not deferred into the first of the parts, if
// more come.
func First(operation *graphql.OperationContext, response *graphql.Response) *graphql.Response {
	d := of(operation)
	if d == nil {
		return response
	}
	d.update = Update{}
	d.promote(d.link(d.first.found))
	d.start()
	if d.update.HasNext = d.pending > 0; d.update.HasNext {
		response.HasNext = &d.update.HasNext
	}
	return response
}

// Next returns the response with the next part, and nil when there is none or
// nobody waits for it any more. What it brings is in the delivery's Update.
func Next(ctx context.Context, operation *graphql.OperationContext) *graphql.Response {
	d := of(operation)
	if d == nil || d.pending == 0 {
		return nil
	}
	d.update = Update{}
	for len(d.update.Completed) == 0 {
		select {
		case g := <-d.finished:
			d.finish(g)
			d.finishOthers()
			d.start() //nolint:contextcheck // in the contexts of their objects
		case <-ctx.Done():
			return nil
		}
	}
	return d.response()
}

// finishOthers takes in what else is there, or is about to be: objects of a list
// are often done at the same time.
func (d *Delivery) finishOthers() {
	for pauses := 0; pauses < 3; {
		select {
		case g := <-d.finished:
			d.finish(g)
			pauses = 0
		default:
			runtime.Gosched()
			pauses++
		}
	}
}

// Abandon makes every fragment that is to come one that never will, for this
// reason.
func (d *Delivery) Abandon(reason *gqlerror.Error) {
	d.update = Update{}
	for _, f := range d.announced {
		if !f.over {
			d.fail(f, gqlerror.List{reason})
		}
	}
}

// response returns a response that tells those who watch the execution what the
// update has.
func (d *Delivery) response() *graphql.Response {
	d.update.HasNext = d.pending > 0
	response := &graphql.Response{HasNext: &d.update.HasNext}
	for _, p := range d.update.Parts {
		response.Errors = append(response.Errors, p.Errors...)
	}
	for _, c := range d.update.Completed {
		response.Errors = append(response.Errors, c.Errors...)
	}
	return response
}

// link makes groups known to their fragments, readies those that a fragment waits
// for that has been announced, and returns the fragments that stand in no other.
func (d *Delivery) link(groups []*group) (outermost []*fragment) {
	for _, g := range groups {
		for _, f := range g.fragments {
			f.groups = append(f.groups, g)
			f.waiting++
			if f.started && !f.over {
				d.ready(g)
			}
			for at := f; !at.linked; at = at.parent {
				at.linked = true
				if at.parent == nil {
					outermost = append(outermost, at)
					break
				}
				at.parent.children = append(at.parent.children, at)
			}
		}
	}
	return outermost
}

// promote announces fragments, or those within the ones that have nothing to
// bring, and readies what they wait for.
func (d *Delivery) promote(fragments []*fragment) {
	for i := 0; i < len(fragments); i++ {
		f := fragments[i]
		if f.waiting == 0 && !f.failed && !f.holds() {
			fragments = append(fragments, f.children...)
			continue
		}
		f.started, f.ID = true, strconv.Itoa(len(d.announced))
		d.announced = append(d.announced, f)
		d.pending++
		d.update.Pending = append(d.update.Pending, f.Fragment)
		switch {
		case f.failed:
			d.fail(f, f.errors)
			continue
		case f.waiting == 0:
			d.complete(f)
			continue
		}
		for _, g := range f.groups {
			d.ready(g)
		}
	}
}

// ready makes a group one of those that are started next, unless it has been.
func (d *Delivery) ready(g *group) {
	if !g.started {
		g.started = true
		d.next = append(d.next, g)
	}
}

// finish takes in what came of a group.
func (d *Delivery) finish(g *group) {
	d.link(g.found)
	for _, f := range g.fragments {
		f.waiting--
		switch {
		case g.failed && f.started && !f.over:
			d.fail(f, g.errors)
		case g.failed && !f.started:
			f.failed, f.errors = true, g.errors
		case f.started && !f.over && f.waiting == 0:
			d.complete(f)
		}
	}
}

func (d *Delivery) complete(f *fragment) {
	for _, g := range f.groups {
		if !g.sent {
			g.sent = true
			d.update.Parts = append(d.update.Parts, Part{Fragment: closest(g, f), Path: g.path, Data: g.data, Errors: g.errors})
		}
	}
	d.over(f, nil)
	d.promote(f.children)
}

func (d *Delivery) fail(f *fragment, errors gqlerror.List) {
	f.failed = true
	d.over(f, errors)
}

func (d *Delivery) over(f *fragment, errors gqlerror.List) {
	f.over = true
	d.pending--
	d.update.Completed = append(d.update.Completed, Completed{f.Fragment, errors})
}

// closest returns the announced fragment that stands closest to the group's
// object.
func closest(g *group, f *fragment) Fragment {
	for _, other := range g.fragments {
		if other.started && !other.over && len(other.Path) > len(f.Path) {
			f = other
		}
	}
	return f.Fragment
}
