package records

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"barograph/internal/fault"
	"barograph/records/bell"
)

const (
	subscriberLimit = 4096 // at a time, on this node
	recentLimit     = 4096 // changes kept for all subscribers
	recentBytes     = 32 << 20
	lagLimit        = 30 * time.Second       // for which a subscriber may be behind those, once it had caught up
	sweepInterval   = time.Second            // at which changes are looked for that no bell told of
	heldInterval    = 2 * time.Millisecond   // and those that are held back, at first
	heldMost        = 100 * time.Millisecond // and in the end
	readers         = 4                      // subscribers that catch up at a time
	liveBytes       = 4 << 20                // of one read
	pastBytes       = 256 << 10              // of one read of a subscriber that catches up
)

// A Feed tells subscribers what changes, on whichever node: while anybody
// subscribes, it reads from Postgres what was committed, in an order that no
// transaction disturbs by committing late, and keeps the most recent changes for
// all subscribers together. Who is behind those reads Postgres for itself. It is
// safe for concurrent use.
type Feed struct {
	log     changeLog
	rings   <-chan struct{}
	readers chan struct{} // has an item for each subscriber that reads Postgres
	lag     time.Duration

	mu          sync.Mutex
	subscribers int           // guarded by mu
	followers   int           // guarded by mu: subscribers that live off recent, in its epoch
	recent      []Change      // guarded by mu: the last ones told, without a gap
	bytes       int           // guarded by mu: of recent
	start, end  Bookmark      // guarded by mu: recent has what is behind start, up to end
	more        chan struct{} // guarded by mu: closed when any of this has changed
	stopped     bool          // guarded by mu
}

var (
	// ErrLagging ends the subscription of one that took changes too slowly.
	ErrLagging = fault.New(fault.Overloaded, "changes came faster than they were taken: subscribe again, after the last cursor")
	// ErrRestored ends the subscription, and refuses the bookmark, of one that
	// followed another history than the one the database has now.
	ErrRestored = fault.New(fault.BadInput,
		"the database was restored, or replaced by another, since the cursor was made: read the records, and subscribe again without a cursor")
	errNoBookmark = fault.New(fault.BadInput, "the cursor is of no event that there was")
)

// NewFeed returns a feed of what changes. Nothing is live until Run.
func NewFeed(base *Base) *Feed {
	return &Feed{
		log:     changeLog{base.withBell()},
		rings:   base.Bell.Listen(bell.Changed),
		readers: make(chan struct{}, readers),
		lag:     lagLimit,
		more:    make(chan struct{}),
	}
}

// Rebase makes the feed begin anew where the records come from another database,
// with the numbers its transactions had. It is called before anything is served.
func (f *Feed) Rebase(ctx context.Context) error { return f.log.rebase(ctx) }

// Ring says that something may have been committed, here and on the other nodes.
// It never waits: many rings at a time are one. A ring that is lost delays a
// change by a second at most.
func (f *Feed) Ring() { f.log.base.Bell.Ring(bell.Changed) }

// Run tells of changes until ctx is done.
func (f *Feed) Run(ctx context.Context) error {
	defer f.stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	patience := heldInterval
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.rings:
			patience = heldInterval
		case <-timer.C:
		}
		wait := sweepInterval
		if f.advance(ctx) {
			// What an older transaction holds back comes the moment that one
			// ends, of which nobody tells us.
			wait = min(patience, heldMost)
			patience = 2 * wait
		}
		timer.Reset(wait)
	}
}

// advance reads what is new and reports whether there is more that is held back.
// What cannot be read is read the next time.
func (f *Feed) advance(ctx context.Context) (held bool) {
	size := portion{bytes: liveBytes, rows: rowsLimit}
	for {
		from, followed := f.position()
		if !followed {
			return false // nobody listens
		}
		found, err := f.log.after(ctx, from, Interest{}, &size)
		if err != nil {
			return false
		}
		f.tell(from, found)
		if !found.more {
			return found.held
		}
	}
}

// position returns where the feed is, and whether anybody follows it.
func (f *Feed) position() (Bookmark, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.end, f.followers > 0
}

// tell adds what was found behind from to the recent changes.
func (f *Feed) tell(from Bookmark, found stretch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.end != from: // everybody left meanwhile, and others came
		return
	case found.epoch != from.Epoch:
		f.begin(Bookmark{Epoch: found.epoch})
		f.followers = 0 // those there are cannot go on
	case len(found.changes) == 0:
		return
	default:
		f.keep(found)
	}
	f.wake()
}

// keep adds the changes, for which older ones give way. The caller holds mu.
func (f *Feed) keep(found stretch) {
	f.recent, f.end = append(f.recent, found.changes...), found.end
	for _, c := range found.changes {
		f.bytes += c.Record.size()
	}
	n := 0
	for len(f.recent)-n > recentLimit || f.bytes > recentBytes {
		f.bytes -= f.recent[n].Record.size()
		f.start = f.recent[n].Bookmark
		n++
	}
	clear(f.recent[:n]) // for the garbage collector
	f.recent = f.recent[n:]
}

// begin lets the feed go on from a bookmark. The caller holds mu.
func (f *Feed) begin(at Bookmark) {
	f.recent, f.bytes, f.start, f.end = nil, 0, at, at
}

// wake lets followers look again. The caller holds mu.
func (f *Feed) wake() {
	close(f.more)
	f.more = make(chan struct{})
}

// stop ends all subscriptions.
func (f *Feed) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	f.wake()
}

// follow makes a subscriber who has received everything up to a bookmark live
// off the recent changes, and reports whether they go back as far as that.
func (f *Feed) follow(at Bookmark) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.followers == 0:
		f.begin(at)
	case f.start.Epoch != at.Epoch:
		return false, ErrRestored
	case at.compare(f.start) < 0:
		return false, nil
	}
	f.followers++
	f.log.base.Bell.RingHere(bell.Changed)
	return true, nil
}

// leave ends what follow began for a subscriber of an epoch. The caller holds mu.
func (f *Feed) leave(epoch uint64) {
	if epoch != f.start.Epoch {
		return // the feed has left it
	}
	if f.followers--; f.followers == 0 {
		f.begin(Bookmark{}) // nothing is kept for nobody
	}
}

// errBehind means that what follows a bookmark is no longer among the recent.
var errBehind = errors.New("behind what is recent")

// since returns some changes behind a bookmark, or, when there are none, what is
// closed once there may be. It fails with errBehind when it has lost some.
func (f *Feed) since(at Bookmark) ([]Change, <-chan struct{}, error) {
	const some = 16
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.stopped:
		return nil, nil, errStopping
	case f.start.Epoch != at.Epoch:
		return nil, nil, ErrRestored
	case at.compare(f.start) < 0:
		return nil, nil, errBehind
	}
	i, _ := slices.BinarySearchFunc(f.recent, at, func(c Change, at Bookmark) int {
		if c.compare(at) <= 0 {
			return -1
		}
		return 1
	})
	return slices.Clone(f.recent[i:min(i+some, len(f.recent))]), f.more, nil
}
