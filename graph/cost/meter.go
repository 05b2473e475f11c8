package cost

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

// A Meter counts what an operation really comes to, object by object as they are
// resolved: items that are not there cost nothing, unless each was asked for by itself,
// and so looked up. It is safe for concurrent use.
type Meter struct {
	table     *Table
	variables map[string]any
	total     atomic.Int64
	known     atomic.Pointer[[]weighed] // few, since each stands for a selection of the document
}

// weighed is what an object costs each time that the same fields are selected of it.
type weighed struct {
	fields *graphql.CollectedField // the first of them, which gqlgen keeps
	cost   int64
}

// NewMeter returns a meter for one operation with the values that its variables have.
func (t *Table) NewMeter(variables map[string]any) *Meter {
	return &Meter{table: t, variables: variables}
}

// Total returns what the operation has come to so far.
func (m *Meter) Total() int { return int(m.total.Load()) }

// Reset forgets what was counted, and returns it.
func (m *Meter) Reset() int { return int(m.total.Swap(0)) }

// Object counts an object of which these fields are resolved. They are kept if they
// are the same each time that the same is selected.
func (m *Meter) Object(ctx context.Context, fields []graphql.CollectedField, kept bool) {
	if !kept || len(fields) == 0 {
		m.total.Add(m.item(ctx) + m.of(fields))
		return
	}
	all := m.known.Load()
	if all != nil {
		for i := range *all {
			if known := &(*all)[i]; known.fields == &fields[0] {
				m.total.Add(known.cost)
				return
			}
		}
	}
	cost := m.item(ctx) + m.of(fields)
	m.total.Add(cost)
	var more []weighed
	if all != nil {
		more = slices.Clone(*all)
	}
	more = append(more, weighed{&fields[0], cost})
	m.known.CompareAndSwap(all, &more) // else somebody else will be asked again
}

// Rest counts fields that are resolved later, of an object that has been counted.
func (m *Meter) Rest(fields []graphql.CollectedField) { m.total.Add(m.of(fields)) }

// item returns what an object costs as one item of a list: others are paid for by
// what they are in, found or not.
func (m *Meter) item(ctx context.Context) int64 {
	at := graphql.GetFieldContext(ctx)
	if at == nil || at.Index == nil {
		return 0
	}
	for at != nil && at.Field.Field == nil {
		at = at.Parent
	}
	if at == nil {
		return 0
	}
	if known := m.table.fields[at.Field.Definition]; known != nil && !known.each() {
		return int64(known.weight)
	}
	return 0
}

// of returns what fields of one object cost, but for the items that are found for them.
func (m *Meter) of(fields []graphql.CollectedField) (sum int64) {
	for _, f := range fields {
		known := m.table.fields[f.Definition]
		if known == nil { // __typename
			continue
		}
		switch {
		case known.each():
			w := walk{table: m.table, variables: m.variables}
			sum += int64(known.weight) * int64(w.size(f.Field, known))
		case !known.list:
			sum += int64(known.weight)
		}
		for _, a := range f.Arguments {
			sum += int64(known.arguments[a.Name])
		}
	}
	return sum
}
