package settings

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// HTTP says what is served over HTTP, and to whom. docs/http.md tells more.
type HTTP struct {
	BodyLimit        int64    `default:"${body_limit}" env:"BAROGRAPH_BODY_LIMIT" placeholder:"BYTES" help:"Size of a GraphQL request's body, at most."`
	BatchLimit       int      `default:"${batch_limit}" env:"BAROGRAPH_BATCH_LIMIT" placeholder:"N" help:"GraphQL operations in one request, at most. 1 turns batches off."`
	CORSOrigins      []string `name:"cors-origins" env:"BAROGRAPH_CORS_ORIGINS" placeholder:"ORIGIN,…" help:"Origins, as in https://app.example, whose web pages may use the gateway beside its own; or *, for all."`
	RequirePreflight bool     `env:"BAROGRAPH_REQUIRE_PREFLIGHT" help:"Refuse what a web page of another origin makes a browser send unasked. Wanted where cookies or client certificates authenticate, which listed origins may then send."`
	AllowedHosts     []string `env:"BAROGRAPH_ALLOWED_HOSTS" placeholder:"HOST,…" help:"Names by which a gateway on a loopback address may be asked, beside localhost, as behind a proxy that passes its own name on; or *, for all."`
}

// validate returns why the settings cannot be in force.
func (s *HTTP) validate() error {
	switch {
	case s.BodyLimit < 1:
		return errors.New("--body-limit must be at least 1")
	case s.BatchLimit < 1:
		return errors.New("--batch-limit must be at least 1")
	case s.RequirePreflight && slices.Contains(s.CORSOrigins, "*"):
		return errors.New("--cors-origins must not be * with --require-preflight: any page could act with its visitor's credentials")
	}
	for _, origin := range s.CORSOrigins {
		if u, err := url.Parse(origin); origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin) {
			return fmt.Errorf("--cors-origins: %q is no origin, as in https://app.example", origin)
		}
	}
	return nil
}
