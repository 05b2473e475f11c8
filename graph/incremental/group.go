package incremental

import (
	"bytes"
	"context"
	"io"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// A fragment is a deferred one at one object.
type fragment struct {
	Fragment
	parent *fragment // the deferred fragment it stands in, nil for none

	// These belong to the goroutine that asks for responses.
	children []*fragment
	groups   []*group
	waiting  int  // groups that are not done
	linked   bool // it is its parent's child
	started  bool // it has been announced
	over     bool
	failed   bool
	errors   gqlerror.List // of the group that made it fail
}

// within reports whether the fragment stands in any of the others.
func (f *fragment) within(others []*fragment) bool {
	for above := f.parent; above != nil; above = above.parent {
		if slices.Contains(others, above) {
			return true
		}
	}
	return false
}

// holds reports whether the fragment has data that nobody has sent: another one
// that shares it waits for more.
func (f *fragment) holds() bool {
	return slices.ContainsFunc(f.groups, func(g *group) bool { return g.data != nil && !g.sent })
}

// A group is those deferred fields of one object that belong to the same
// fragments. They are resolved once.
type group struct {
	fragments []*fragment
	fields    []graphql.CollectedField
	path      ast.Path            // of the object
	mark      *ast.InlineFragment // stands for the fields where selections are expected
	ctx       context.Context     //nolint:containedctx // of the object, until the group is resolved
	resolve   Resolve

	started bool // known to the goroutine that asks for responses, as is sent
	sent    bool

	// What came of it.
	data   []byte
	errors gqlerror.List
	failed bool
	found  []*group // below it
}

type groupKey struct{}

// Resolve resolves selections on the object it was made for.
type Resolve func(ctx context.Context, selections ast.SelectionSet) graphql.Marshaler

// Later is the deferred fields of one object.
type Later struct {
	within *group
	groups []*group
	now    graphql.Marshaler
}

// group returns the group of the fragments.
func (l *Later) group(in []*fragment) *group {
	for _, g := range l.groups {
		if same(g.fragments, in) {
			return g
		}
	}
	l.groups = append(l.groups, &group{fragments: in, mark: &ast.InlineFragment{}})
	return l.groups[len(l.groups)-1]
}

// Join returns the object as it is now. The fields that come later are resolved
// by resolve, if the object makes it into the answer.
func (l *Later) Join(ctx context.Context, now graphql.Marshaler, resolve Resolve) graphql.Marshaler {
	for _, g := range l.groups {
		g.ctx, g.resolve = ctx, resolve
	}
	l.now = now
	return l
}

// MarshalGQL writes the object as it is now. An object that a null took with it
// is never written, and so nothing of it comes later.
func (l *Later) MarshalGQL(w io.Writer) {
	l.within.found = append(l.within.found, l.groups...)
	l.now.MarshalGQL(w)
}

// run resolves the group in its context.
func (g *group) run(ctx context.Context) {
	ctx = graphql.WithFreshResponseContext(ctx)
	defer func() {
		if p := recover(); p != nil { // nobody else would, in a goroutine of its own
			graphql.AddError(ctx, graphql.Recover(ctx, p))
			g.failed, g.found = true, nil
		}
		g.errors = graphql.GetErrors(ctx)
	}()
	result := g.resolve(ctx, ast.SelectionSet{g.mark})
	if result == graphql.Null { // a null that must not be took the whole object
		g.failed = true
		return
	}
	var data bytes.Buffer
	result.MarshalGQL(&data)
	g.data = data.Bytes()
}

// start resolves the groups that are ready, side by side.
func (d *Delivery) start() {
	groups := d.next
	d.next = nil
	if len(groups) == 0 {
		return
	}
	contexts := make([]context.Context, len(groups))
	fields := make([][]graphql.CollectedField, len(groups))
	for i, g := range groups {
		contexts[i], fields[i] = context.WithValue(g.ctx, groupKey{}, g), g.fields
	}
	resolved := make([]func(int), len(d.interceptors))
	for i, interceptor := range d.interceptors {
		resolved[i] = interceptor.InterceptDeferred(fields, contexts)
	}
	for i, g := range groups {
		d.running.Go(func() {
			g.run(contexts[i])
			for _, tell := range resolved {
				tell(i)
			}
			select {
			case d.finished <- g:
			case <-g.ctx.Done():
			}
		})
	}
}
