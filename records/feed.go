package records

import (
	"errors"
	"sync"

	"barograph/internal/fault"
)

const (
	lagLimit        = 256  // changes a subscriber may be behind
	subscriberLimit = 4096 // at a time, on this node
)

// ErrLagging ends the subscription of one that took changes too slowly.
var ErrLagging = errors.New("the subscriber is too slow")

// A Feed tells subscribers what has changed on this node. It never waits for
// one of them. It is safe for concurrent use.
type Feed struct {
	mu          sync.Mutex
	subscribers map[*Subscription]struct{} // guarded by mu
}

// NewFeed returns a feed without subscribers.
func NewFeed() *Feed { return &Feed{subscribers: map[*Subscription]struct{}{}} }

// A Subscription receives the records that change.
type Subscription struct {
	changes chan *Record
	lagging bool // written before changes is closed
}

// Subscribe returns a subscription to the changes from now on. Its holder calls
// Unsubscribe when it is done. It fails when there are too many.
func (f *Feed) Subscribe() (*Subscription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.subscribers) >= subscriberLimit {
		return nil, fault.New(fault.Overloaded, "there are %d subscriptions already", subscriberLimit)
	}
	s := &Subscription{changes: make(chan *Record, lagLimit)}
	f.subscribers[s] = struct{}{}
	return s, nil
}

// Unsubscribe ends a subscription. It may be called more than once.
func (f *Feed) Unsubscribe(s *Subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(s)
}

// Changes returns the channel of changed records. It is closed when the
// subscription ends.
func (s *Subscription) Changes() <-chan *Record { return s.changes }

// Err returns ErrLagging if the subscription ended because its holder was too
// slow. It may be asked once Changes is closed.
func (s *Subscription) Err() error {
	if s.lagging {
		return ErrLagging
	}
	return nil
}

// publish tells every subscriber of a change, and drops those with no room for it.
func (f *Feed) publish(r *Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subscribers {
		select {
		case s.changes <- r:
		default:
			s.lagging = true
			f.drop(s)
		}
	}
}

// drop ends a subscription that has not ended yet. The caller holds mu.
func (f *Feed) drop(s *Subscription) {
	if _, ok := f.subscribers[s]; ok {
		delete(f.subscribers, s)
		close(s.changes)
	}
}
