// Package drain tells streams that the server is about to stop. A request ends
// by itself, and a server that stops waits for it; a stream has no end of its
// own, and so has to be told. Streams are told one after another, so that their
// clients do not all come back to the next server at once.
package drain

import (
	"context"
	"errors"
	"time"
)

// ErrStopping is the cause of the end of a stream's context when the server
// stops.
var ErrStopping = errors.New("the server is stopping")

// A Drain is the end of one server. It is safe for concurrent use.
type Drain struct {
	begun context.Context //nolint:containedctx // a signal, which others can follow by context.AfterFunc
	begin context.CancelFunc
	delay func() time.Duration
}

type key struct{}

// New returns a drain that begins with Begin. Delay says of each stream how much
// later it ends; it is called by many at a time.
func New(delay func() time.Duration) *Drain {
	begun, begin := context.WithCancel(context.Background())
	return &Drain{begun, begin, delay}
}

// Begin begins it. It may be called more than once.
func (d *Drain) Begin() { d.begin() }

// Context returns a context for the requests of the server.
func (d *Drain) Context(parent context.Context) context.Context {
	return context.WithValue(parent, key{}, d)
}

// Stream returns a context for a stream: a copy of its request's that is done,
// with ErrStopping as its cause, when the server stops and it is this stream's
// turn. There the stream says goodbye in its own way. Whoever calls it calls
// cancel when the stream is over.
func Stream(request context.Context) (ctx context.Context, cancel context.CancelFunc) {
	ctx, end := context.WithCancelCause(request)
	d, ok := request.Value(key{}).(*Drain)
	if !ok {
		return ctx, func() { end(nil) }
	}
	stop := context.AfterFunc(d.begun, func() {
		turn := time.NewTimer(d.delay())
		defer turn.Stop()
		select {
		case <-turn.C:
			end(ErrStopping)
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		stop()
		end(nil)
	}
}
