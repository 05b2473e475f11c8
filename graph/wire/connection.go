package wire

import (
	"context"
	"slices"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

const (
	pageLimit   = 1000
	usualLength = 20
)

// A Connection is a page of a list that can grow.
type Connection[T any] struct {
	Edges    []Edge[T]
	PageInfo PageInfo
	count    func(context.Context) (int, error)
}

// An Edge is one of a page, with its place.
type Edge[T any] struct {
	Cursor string
	Node   T
}

// PageInfo says where a page stands among the pages.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

type (
	// RecordConnection is a page of records.
	RecordConnection = Connection[*records.Record]
	// RecordEdge is a record on a page.
	RecordEdge = Edge[*records.Record]
	// PipelineConnection is a page of pipelines.
	PipelineConnection = Connection[*pipeline.Pipeline]
	// PipelineEdge is a pipeline on a page.
	PipelineEdge = Edge[*pipeline.Pipeline]
)

// Nodes returns the page without cursors.
func (c *Connection[T]) Nodes() []T {
	nodes := make([]T, len(c.Edges))
	for i := range c.Edges {
		nodes[i] = c.Edges[i].Node
	}
	return nodes
}

// TotalCount counts what is on all pages.
func (c *Connection[T]) TotalCount(ctx context.Context) (*int, error) {
	count, err := c.count(ctx)
	if err != nil {
		return nil, err
	}
	return &count, nil
}

// A Window is what a client asks of a connection: the first or the last few of
// those after and before some cursors.
type Window struct {
	First, Last   *int
	After, Before *string
}

// Length returns how many are asked for, and whether the last ones are.
func (w Window) Length() (n int, last bool, err error) {
	switch {
	case w.First != nil && w.Last != nil:
		return 0, false, fault.New(fault.BadInput, "first and last cannot be given together")
	case w.First != nil:
		return *w.First, false, Within("first", *w.First, pageLimit)
	case w.Last != nil:
		return *w.Last, true, Within("last", *w.Last, pageLimit)
	}
	return usualLength, false, nil
}

// NewConnection makes a page of what was found for the window: up to one more
// than its length, so that it is known whether there are more, and the last
// one first when the last ones are asked for. A length of the window must have
// been found valid.
func NewConnection[T any](w Window, found []T, cursor func(T) string, count func(context.Context) (int, error)) *Connection[T] {
	n, last, _ := w.Length()
	more := len(found) > n
	found = found[:min(n, len(found))]
	page := &Connection[T]{
		Edges:    make([]Edge[T], len(found)),
		PageInfo: PageInfo{HasNextPage: more || w.Before != nil, HasPreviousPage: w.After != nil},
		count:    count,
	}
	if last {
		slices.Reverse(found)
		page.PageInfo = PageInfo{HasNextPage: w.Before != nil, HasPreviousPage: more || w.After != nil}
	}
	for i, node := range found {
		page.Edges[i] = Edge[T]{cursor(node), node}
	}
	if len(found) > 0 {
		page.PageInfo.StartCursor = &page.Edges[0].Cursor
		page.PageInfo.EndCursor = &page.Edges[len(found)-1].Cursor
	}
	return page
}
