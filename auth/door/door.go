// Package door lets requests in as those of somebody. It takes their credential,
// of which there is one: a signed token, an API key, or the certificate of the
// connection; and whoever has none is nobody, unless the door is open. It knows
// where credentials stand, and not what makes one good.
package door

import (
	"context"
	"net/http"
	"time"

	"barograph/auth"
	"barograph/internal/fault"
	"barograph/internal/ratelimit"
)

// Keys know whom a credential of their kind is about. The error is a fault.Error:
// of the kind Unauthenticated for one that is no good, and Unavailable where that
// cannot be told.
type Keys interface {
	Principal(ctx context.Context, text string) (*auth.Principal, error)
}

// Config says who is let in.
type Config struct {
	Open         bool // whoever has no credential is the developer, who may do everything
	Tokens, Keys Keys // nil for none
	Certificates *Certificates
	Now          func() time.Time
}

// A Door lets requests in. It is safe for concurrent use.
type Door struct{ config Config }

// New returns a door.
func New(config Config) *Door { return &Door{config} }

// A Refusal answers a request that is not let in.
type Refusal func(w http.ResponseWriter, r *http.Request, why *fault.Error)

// Handler passes requests on as those of whoever sends them, and has the others
// refused before their body is read. Whoever may say later who it is, as over a
// WebSocket, is nobody until then; nil is for none.
func (d *Door) Handler(next http.Handler, refuse Refusal, later func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Authorization, X-API-Key")
		p, err := d.who(r)
		if err == nil && p.Kind == auth.Nobody && r.Method != http.MethodOptions && (later == nil || !later(r)) {
			count(auth.Nobody, absent)
			w.Header().Set("WWW-Authenticate", challenge)
			err = p.Refuse()
		}
		if err != nil {
			why := fault.Of(err)
			if why.Kind == fault.Unauthenticated && w.Header().Get("WWW-Authenticate") == "" {
				w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
			}
			refuse(w, r, why)
			return
		}
		next.ServeHTTP(w, r.WithContext(auth.With(r.Context(), p)))
	})
}

// guessCost is what a credential that is none costs the address it comes from, in
// requests: guessing should take long.
const guessCost = 10

// challenge says how to come in (RFC 6750).
const challenge = `Bearer realm="barograph"`

// who returns whose request it is.
func (d *Door) who(r *http.Request) (*auth.Principal, error) {
	given, err := ofRequest(r)
	if err != nil {
		count(auth.Nobody, malformed)
		return nil, err
	}
	certified := d.config.Certificates.principal(r.TLS, d.config.Now())
	switch {
	case certified != nil && given != nil:
		count(auth.Nobody, malformed)
		return nil, errTwo
	case certified != nil:
		count(auth.Certificate, accepted)
		return certified, nil
	}
	return d.check(r.Context(), given)
}

// check returns whom a credential is about, nil standing for none.
func (d *Door) check(ctx context.Context, given *credential) (*auth.Principal, error) {
	if given == nil {
		if d.config.Open {
			return auth.Anyone, nil
		}
		return auth.NoOne, nil
	}
	keys := d.config.Tokens
	if given.kind == auth.Key {
		keys = d.config.Keys
	}
	if keys == nil {
		count(given.kind, refused)
		return nil, fault.New(fault.Unauthenticated, "this server takes no credential of this kind")
	}
	p, err := keys.Principal(ctx, given.text)
	switch {
	case err == nil:
		count(given.kind, accepted)
	case fault.KindOf(err) == fault.Unauthenticated:
		count(given.kind, refused)
		ratelimit.From(ctx).Charge(ctx, guessCost)
	default:
		count(given.kind, failed)
	}
	return p, err
}
