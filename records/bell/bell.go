// Package bell tells every node that something was committed, so that nobody
// needs to ask all the time. A ring says nothing else, and nothing depends on it:
// whoever listens looks by itself, now and then, for what no ring told of. So a
// ring may be lost, come twice, or come late.
package bell

import (
	"context"
	"sync"
)

// A Tone says what rang. Tones can be combined.
type Tone uint8

// The tones.
const (
	Changed Tone = 1 << iota // a record changed
	Due                      // a record waits for a worker
)

// A Line carries rings between nodes.
type Line interface {
	// Carry sends the rings to the other nodes and tells of theirs, until ctx is
	// done. It mends itself what breaks.
	Carry(ctx context.Context, rings <-chan struct{}, take func() Tone, heard func(Tone)) error
}

// A Bell rings on this node, and by its line on all others. It is safe for
// concurrent use.
type Bell struct {
	line Line
	out  chan struct{} // has an item when there is something in pending

	mu        sync.Mutex
	pending   Tone       // guarded by mu: what the other nodes are to be told
	listeners []listener // guarded by mu
}

type listener struct {
	tone Tone
	ring chan struct{}
}

// New returns a bell. Without a line, nil, it rings on this node alone.
func New(line Line) *Bell { return &Bell{line: line, out: make(chan struct{}, 1)} }

// Listen returns what has an item once one of the tones rang. Many rings at a
// time are one.
func (b *Bell) Listen(tone Tone) <-chan struct{} {
	ring := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listeners = append(b.listeners, listener{tone, ring})
	return ring
}

// Ring rings, here at once and elsewhere soon. It never waits.
func (b *Bell) Ring(tone Tone) {
	b.RingHere(tone)
	if b.line == nil {
		return
	}
	b.mu.Lock()
	b.pending |= tone
	b.mu.Unlock()
	signal(b.out)
}

// Run carries rings to and from the other nodes until ctx is done.
func (b *Bell) Run(ctx context.Context) error {
	if b.line == nil {
		return nil
	}
	return b.line.Carry(ctx, b.out, b.take, b.RingHere)
}

// take returns what rang since it was asked last.
func (b *Bell) take() Tone {
	b.mu.Lock()
	defer b.mu.Unlock()
	tone := b.pending
	b.pending = 0
	return tone
}

// RingHere rings on this node alone.
func (b *Bell) RingHere(tone Tone) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.listeners {
		if l.tone&tone != 0 {
			signal(l.ring)
		}
	}
}

func signal(ring chan struct{}) {
	select {
	case ring <- struct{}{}:
	default:
	}
}
