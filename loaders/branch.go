package loaders

import (
	"context"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// InterceptRootField tells the loaders when a root field is done, so that none
// waits for keys that will not come. A mutation's get loaders of their own, since
// each must see what those before it have done.
func (e Extension) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	set, ok := ctx.Value(setKey{}).(*Set)
	if !ok {
		return next(ctx) // a subscription's
	}
	if b := branchOf(ctx); b != nil && b.deferred {
		return next(ctx) // which is done with what is deferred beside it
	}
	field := graphql.GetRootFieldContext(ctx).Field.Alias
	if set.plan.mutation {
		all, alone := set, set.plan
		alone.weather, alone.records = alone.weather.of(field), alone.records.of(field)
		set = e.newSet(ctx, alone)
		defer func() {
			set.close(ctx)
			all.absorb(set)
		}()
		ctx = context.WithValue(ctx, setKey{}, set)
	}
	defer func() {
		set.Weather.finish(ctx, field)
		set.Records.finish(ctx, field)
	}()
	return next(context.WithValue(ctx, branchKey{}, &branch{name: field}))
}

// InterceptDeferred makes the deferred fields of each object a branch, of which
// the loaders expect what they expect of a root field; unless they stand in others
// that are deferred, which are done one by one, so that nobody knows how many of
// them there will be.
func (e Extension) InterceptDeferred(fields [][]graphql.CollectedField, contexts []context.Context) (resolved func(int)) {
	set := From(contexts[0])
	if b := branchOf(contexts[0]); b != nil && b.deferred {
		set.Weather.expectNothing(contexts[0])
		set.Records.expectNothing(contexts[0])
		return func(int) {}
	}
	s := newSurveyor(graphql.GetOperationContext(contexts[0]), e.Denied)
	known := map[*ast.Field]int{} // objects of a list have the same fields
	weather, records := ways{}, ways{}
	branches := make([]*branch, len(fields))
	for i, ctx := range contexts {
		b := &branch{name: "deferred " + strconv.Itoa(i), top: graphql.GetFieldContext(ctx), deferred: true}
		for _, f := range fields[i] {
			if _, is := known[f.Field]; !is {
				known[f.Field] = s.ways(f.Field, sets(f.Selections))
			}
			weather[b.name] += known[f.Field]
			if f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Query" && s.findsRecords(f.Field) {
				records[b.name]++
			}
		}
		branches[i], contexts[i] = b, context.WithValue(ctx, branchKey{}, b)
	}
	set.Weather.expect(weather)
	set.Records.expect(records)
	return func(i int) {
		set.Weather.finish(contexts[i], branches[i].name)
		set.Records.finish(contexts[i], branches[i].name)
	}
}

type branchKey struct{}

// A branch is a root field, or the deferred fields of an object.
type branch struct {
	name     string
	top      *graphql.FieldContext // the object's, nil at the root
	deferred bool
}

// branchOf returns the branch that ctx belongs to, nil if it does to none.
func branchOf(ctx context.Context) *branch {
	b, _ := ctx.Value(branchKey{}).(*branch)
	return b
}

// announces reports whether the field that ctx belongs to announces: it does
// unless it stands in a list of its branch, among others like it.
func announces(ctx context.Context) bool {
	var top *graphql.FieldContext
	if b := branchOf(ctx); b != nil {
		top = b.top
	}
	for at := graphql.GetFieldContext(ctx); at != top && at != nil; at = at.Parent {
		if at.Index != nil {
			return false
		}
	}
	return true
}
