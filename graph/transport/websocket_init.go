package transport

import (
	"context"

	"barograph/auth"
	"barograph/internal/fault"
)

// initialise learns whose the socket is before anything begins on it, or returns
// why it ends. It ends too when whoever that is stops being known.
func (s *socket) initialise(payload []byte) *closing {
	ctx, cancel := context.WithTimeout(s.ctx, s.config.ReadTimeout)
	defer cancel()
	p, err := s.config.Init(ctx, payload)
	switch kind := fault.KindOf(err); {
	case err == nil:
	case kind == fault.Internal:
		_ = s.present(ctx, err) // which logs it
		return &internalError
	case kind.Ours():
		return &notNow
	default:
		return &forbidden
	}
	s.caller = auth.With(s.ctx, p)
	s.begin(func() {
		session, end := auth.Session(s.caller)
		defer end()
		<-session.Done()
		s.end(forbidden)
	})
	return nil
}
