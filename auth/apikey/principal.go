package apikey

import (
	"context"

	"barograph/auth"
	"barograph/internal/fault"
)

// Principal returns who sends a key, given its text. Its Revoked is closed within
// 10 seconds of a revocation, whichever gateway that was told, or once the database
// has been away for too long to know. The error is Unauthenticated for a text that
// is no key, or no longer good, and Unavailable where that cannot be told.
//
// A key that was sent before is known, and costs no more than a hash. One that was
// not is looked up together with others, by one statement at a time: sending wrong
// keys does not keep the database busy.
func (s *Store) Principal(ctx context.Context, text string) (*auth.Principal, error) {
	e := s.known.find(idIn(text))
	if e == nil {
		id, ok := ParseID(text)
		if !ok {
			return nil, errUnknown
		}
		var err error
		if e, err = s.lookUp(ctx, id); err != nil {
			return nil, err
		}
	}
	now := s.now()
	switch {
	case e == nil || !e.is(text):
		return nil, errUnknown
	case e.ended.Load():
		return nil, errRevoked
	case !e.principal.Expires.IsZero() && !now.Before(e.principal.Expires):
		return nil, errExpired
	}
	e.use(now)
	return e.principal, nil
}

var (
	errUnknown = fault.New(fault.Unauthenticated, "there is no such API key")
	errRevoked = fault.New(fault.Unauthenticated, "this API key has been revoked")
	errExpired = fault.New(fault.Unauthenticated, "this API key has expired")
)
