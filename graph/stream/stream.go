// Package stream is what a subscription and the transport that carries it say to
// each other beside the events: where to resume, what each event is called, and
// why there are no more.
package stream

import (
	"context"
	"sync"
)

// A Stream is one subscription under way. It is safe for concurrent use.
type Stream struct {
	lastEventID string

	mu  sync.Mutex
	ids []string // guarded by mu: of the events that were sent and not yet taken
	err error    // guarded by mu
}

type key struct{}

// New returns a context for a subscription that resumes after the event with
// the id, or begins now where there is none.
func New(ctx context.Context, lastEventID string) (context.Context, *Stream) {
	s := &Stream{lastEventID: lastEventID}
	return context.WithValue(ctx, key{}, s), s
}

// EventID returns the id of the event that its response was made of, "" if it
// has none. A transport calls it once a response.
func (s *Stream) EventID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ids) == 0 {
		return ""
	}
	id := s.ids[0]
	s.ids = s.ids[1:]
	return id
}

// Err returns why the subscription ended, nil if that is how it should.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func from(ctx context.Context) *Stream {
	s, _ := ctx.Value(key{}).(*Stream)
	return s
}

// LastEventID returns the id of the event that the client received last, "" if
// it did not say.
func LastEventID(ctx context.Context) string {
	if s := from(ctx); s != nil {
		return s.lastEventID
	}
	return ""
}

// Identify gives the next event that is sent an id. A resolver that calls it
// once calls it before each event.
func Identify(ctx context.Context, id string) {
	if s := from(ctx); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ids = append(s.ids, id)
	}
}

// Fail says why the subscription ends. A resolver calls it before it closes its
// channel.
func Fail(ctx context.Context, err error) {
	if s := from(ctx); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.err = err
	}
}
