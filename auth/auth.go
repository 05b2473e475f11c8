// Package auth says who asks and what they may: principals, the scopes that
// they have, by role or one by one, and the pipelines that they reach. How a
// caller proves to be one is left to the packages below, and what it takes to do
// something to whoever does it: the schema's rules, the resolvers and the doors.
package auth

import (
	"context"
	"net/http"
	"slices"
	"time"

	"barograph/internal/audit"
	"barograph/internal/fault"
	"barograph/pipeline"
)

// A Principal is who asks. The zero value is nobody, who may do nothing.
type Principal struct {
	Name    string          // for people and for limits: unique among principals, no secret, and text without control characters
	Kind    Kind            // how it is known
	Scopes  Scopes          // what it may do
	Reach   pipeline.Reach  // with which pipelines
	Expires time.Time       // when it stops being known; zero for never
	Revoked <-chan struct{} // closed when it stops being known sooner; nil where it cannot
}

// Same reports whether another is the same principal, who may do the same.
func (p *Principal) Same(other *Principal) bool {
	return p.Name == other.Name && p.Kind == other.Kind && p.Scopes == other.Scopes && slices.Equal(p.Reach.Patterns(), other.Reach.Patterns())
}

// A Kind is how a principal is known.
type Kind uint8

// The kinds.
const (
	Nobody      Kind = iota
	Developer        // by being on the machine of a server that is for development
	Token            // by a signed token of an issuer
	Key              // by an API key of ours
	Certificate      // by a certificate of a client
	CommandLine      // by running the program itself
)

var kinds = [...]string{
	Nobody: "nobody", Developer: "developer", Token: "token", Key: "key", Certificate: "certificate", CommandLine: "command line",
}

// String returns the kind's name.
func (k Kind) String() string { return kinds[k] }

// ParseKind returns the kind of a name, Nobody for what is none.
func ParseKind(name string) Kind {
	return Kind(max(slices.Index(kinds[:], name), 0)) //nolint:gosec // one of a few
}

// Anyone is who asks a server for development: nobody knows who it is, and it may
// do everything.
var Anyone = &Principal{Name: "developer", Kind: Developer, Scopes: All}

// Administrator is who runs the program's commands, which takes the database's
// credentials: it may do everything.
var Administrator = &Principal{Name: "command line", Kind: CommandLine, Scopes: All}

// NoOne is who asks where nothing says who it is: it may do nothing.
var NoOne = &Principal{Name: "nobody"}

type key struct{}

// With returns a context of what the principal asks for, which is written down as
// its doing.
func With(ctx context.Context, p *Principal) context.Context {
	return audit.By(context.WithValue(ctx, key{}, p), audit.Actor{Name: p.Name, Kind: p.Kind.String()})
}

// From returns who asks: NoOne where With has not said so.
func From(ctx context.Context) *Principal {
	if p, ok := ctx.Value(key{}).(*Principal); ok {
		return p
	}
	return NoOne
}

// As serves all requests as those of the principal.
func As(p *Principal, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(With(r.Context(), p)))
	})
}

// Require returns why whoever asks may not do what takes one of the scopes, or
// nil.
func Require(ctx context.Context, one ...Scopes) error {
	p := From(ctx)
	for _, scopes := range one {
		if p.Scopes.Has(scopes) {
			return nil
		}
	}
	return p.Refuse(one...)
}

// Refuse returns the refusal of what takes one of the scopes, or only to be
// somebody where none is given.
func (p *Principal) Refuse(one ...Scopes) *fault.Error {
	if p.Kind == Nobody {
		return fault.New(fault.Unauthenticated, "this takes a credential: Authorization: Bearer and a token or an API key")
	}
	return fault.New(fault.Forbidden, "this takes the scope %s", listed(one))
}
