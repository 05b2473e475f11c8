package records

import (
	"cmp"
	"slices"

	"barograph/pipeline"
)

// A Change is a record that has come to a state, and where the feed tells of it.
type Change struct {
	Bookmark
	Record *Record
}

// A Bookmark is a place in the feed: a subscriber who has received the change
// there misses nothing that comes after it.
//
// Changes are ordered by the transaction that made them. One that is older than
// every running transaction cannot be preceded by another any more, however late
// that one commits. The place of a change is durable, as the change is; numbers
// of transactions that left no trace may be given again after a crash, and are
// in no bookmark.
type Bookmark struct {
	Epoch       uint64 // of which numbering of transactions it is: that of one database of one server
	Transaction uint64
	Position    int64
}

// compare orders the bookmarks of one epoch.
func (b Bookmark) compare(other Bookmark) int {
	return cmp.Or(cmp.Compare(b.Transaction, other.Transaction), cmp.Compare(b.Position, other.Position))
}

// An Interest says of which changes a subscriber wants to know.
type Interest struct {
	Pipeline *string // of this pipeline's records; nil for every one's
	States   []State // to one of these states; none for every state
	reach    pipeline.Reach
}

// in reports whether a change to the record is one of those.
func (i Interest) in(r *Record) bool {
	return i.reach.Has(r.Pipeline) && (i.Pipeline == nil || *i.Pipeline == r.Pipeline) && (len(i.States) == 0 || slices.Contains(i.States, r.State))
}
