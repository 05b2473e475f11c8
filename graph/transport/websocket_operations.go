package transport

import (
	"context"
	"sync"
)

// An operation is one under way on a socket.
type operation struct {
	id     string
	quoted []byte          // the id, as JSON
	over   <-chan struct{} // closed when it is cancelled: then nothing more is sent
	cancel context.CancelFunc

	lasts bool // it is a subscription; guarded by the mutex of operations
}

// operations are those of one socket. An id is in use until its operation is
// over or cancelled, and a place until nothing of it is left, so that cancelling
// makes no room for more than the limit.
type operations struct {
	limit int

	mu      sync.Mutex
	byID    map[string]*operation // guarded by mu
	running int                   // guarded by mu
	lasting int                   // guarded by mu: of the running ones, subscriptions
	left    chan struct{}         // guarded by mu: once leaving, closed when none but subscriptions run
}

// An admission is what becomes of an operation that wants to begin.
type admission uint8

const (
	admitted admission = iota
	inUse              // its id
	full
	leaving
)

// admit lets an operation begin, if it may.
func (o *operations) admit(op *operation) admission {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.byID[op.id]; ok {
		return inUse
	}
	switch {
	case o.left != nil:
		return leaving
	case o.running >= o.limit:
		return full
	}
	o.byID[op.id] = op
	o.running++
	return admitted
}

// last says that an operation is a subscription, which nobody waits for.
func (o *operations) last(op *operation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	op.lasts = true
	o.lasting++
	o.tell()
}

// forget frees the id of an operation that is over.
func (o *operations) forget(op *operation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byID[op.id] == op {
		delete(o.byID, op.id)
	}
}

// cancel ends the operation that has the id, if one does.
func (o *operations) cancel(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if op, ok := o.byID[id]; ok {
		delete(o.byID, id)
		op.cancel()
	}
}

// done frees the place of an operation.
func (o *operations) done(op *operation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running--
	if op.lasts {
		o.lasting--
	}
	o.tell()
}

// leave admits no more, and returns a channel that is closed when none but
// subscriptions are left.
func (o *operations) leave() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.left = make(chan struct{})
	o.tell()
	return o.left
}

// tell closes left when it is time. The caller holds mu.
func (o *operations) tell() {
	if o.left == nil || o.running > o.lasting {
		return
	}
	select {
	case <-o.left:
	default:
		close(o.left)
	}
}
