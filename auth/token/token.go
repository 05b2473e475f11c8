// Package token knows who a signed token (JWT, RFC 7519) is about. It trusts a
// few issuers, whose keys it fetches and keeps, and reads a token in one way
// only: what two readers could read differently is refused, as is every method
// of signing that is not asymmetric. Where tokens come from is left to others.
package token

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"

	"barograph/auth"
	"barograph/internal/fault"
)

// Config says whose tokens are good, and what they say.
type Config struct {
	Issuers   []Issuer
	Audiences []string // of which a token must name one

	RolesClaim     string        // DefaultRolesClaim, if there is none
	PipelinesClaim string        // DefaultPipelinesClaim, if there is none
	Leeway         time.Duration // by which clocks may differ

	Transport http.RoundTripper // by which keys are fetched; nil for the usual one
	Now       func() time.Time
	Logger    *slog.Logger
}

// An Issuer is one whose tokens are good.
type Issuer struct {
	Name string // as tokens have it, an https URL
	JWKS string // where its keys are; "" where the issuer's own metadata say it
}

// What a Config has that says nothing else.
const (
	DefaultRolesClaim     = "roles"
	DefaultPipelinesClaim = "barograph_pipelines"
	DefaultLeeway         = 30 * time.Second
)

// methods are the ways of signing that are accepted.
var methods = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// A Verifier tells whom tokens are about. It is safe for concurrent use.
type Verifier struct {
	config  Config
	issuers map[string]*issuer
	known   *memory
}

// New returns a verifier, whose Run keeps it in keys. It fails for an issuer or
// for a place of keys that must not be asked.
func New(config Config) (*Verifier, error) {
	if config.RolesClaim == "" {
		config.RolesClaim = DefaultRolesClaim
	}
	if config.PipelinesClaim == "" {
		config.PipelinesClaim = DefaultPipelinesClaim
	}
	v := &Verifier{config: config, issuers: map[string]*issuer{}, known: newMemory(config.Now)}
	from := newSource(config.Transport)
	for _, i := range config.Issuers {
		if err := i.check(); err != nil {
			return nil, err
		}
		v.issuers[i.Name] = newIssuer(i, from, config.Now, config.Logger)
	}
	return v, nil
}

// Run fetches the issuers' keys, and again from time to time, until ctx is done.
func (v *Verifier) Run(ctx context.Context) error {
	var running errgroup.Group
	for _, i := range v.issuers {
		running.Go(func() error {
			i.run(ctx)
			return nil
		})
	}
	return running.Wait()
}

// Principal returns whom a token is about. The error is a fault.Error: of the
// kind Unauthenticated for a token that is no good, and Unavailable where that
// cannot be told, for want of its issuer's keys.
func (v *Verifier) Principal(ctx context.Context, text string) (*auth.Principal, error) {
	id := fingerprint(text)
	if p := v.known.find(id); p != nil {
		return p, nil
	}
	p, err := v.verify(ctx, text)
	if err != nil {
		return nil, err
	}
	v.known.keep(id, p)
	return p, nil
}

var (
	errMalformed = errors.New("the token is not what a signed token looks like")
	errIssuer    = errors.New("the token's issuer is not one of those that are trusted")
	errSignature = errors.New("the token's signature cannot be verified")
)

// verify returns whom a token is about that has not been seen before. What it
// claims is looked at once its signature is known to be good.
func (v *Verifier) verify(ctx context.Context, text string) (*auth.Principal, error) {
	t, err := read(text)
	if err != nil {
		return nil, refusal(err)
	}
	name, _ := t.claims["iss"].(string)
	i := v.issuers[name]
	if i == nil {
		return nil, refusal(errIssuer)
	}
	k, err := i.find(ctx, t.kid, t.method)
	if err != nil {
		return nil, refusal(err)
	}
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{t.method})
	if err != nil {
		return nil, refusal(errMalformed)
	}
	if _, err := signed.Verify(k.public); err != nil {
		return nil, refusal(errSignature)
	}
	p, err := v.principal(name, t.claims)
	if err != nil {
		return nil, refusal(err)
	}
	p.Revoked = k.withdrawn
	return p, nil
}

// refusal returns the error for whoever sent a token. Messages never repeat what
// that says.
func refusal(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	return fault.New(fault.Unauthenticated, "%v", err)
}
