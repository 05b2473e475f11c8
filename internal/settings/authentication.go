package settings

import (
	"errors"
	"time"
)

// Authentication says who is let in. docs/authentication.md tells more.
type Authentication struct {
	RequireAuthentication bool   `env:"BAROGRAPH_REQUIRE_AUTHENTICATION" help:"Let nobody in without a credential. Implied by --jwt-issuers and --client-principals; alone, it is for API keys."`
	ClientPrincipals      string `env:"BAROGRAPH_CLIENT_PRINCIPALS" type:"path" placeholder:"FILE" help:"A YAML file that says whom the certificates of clients are about, and what those may do."`

	JWTIssuers        []string      `name:"jwt-issuers" env:"BAROGRAPH_JWT_ISSUERS" placeholder:"URL,…" help:"Issuers whose signed tokens are good, as the tokens name them."`
	JWTAudiences      []string      `name:"jwt-audiences" env:"BAROGRAPH_JWT_AUDIENCES" placeholder:"NAME,…" help:"Audiences of which a token must name one: what its issuer calls this gateway."`
	JWTKeys           []string      `name:"jwt-keys" env:"BAROGRAPH_JWT_KEYS" placeholder:"URL,…" help:"Where the keys of the issuers are, one JWKS for each, in their order. Without it, the issuers' OpenID configurations say where."`
	JWTRolesClaim     string        `name:"jwt-roles-claim" default:"${jwt_roles_claim}" env:"BAROGRAPH_JWT_ROLES_CLAIM" placeholder:"NAME" help:"The claim with the roles of a token's subject. Dots lead into objects, as in realm_access.roles."`
	JWTPipelinesClaim string        `name:"jwt-pipelines-claim" default:"${jwt_pipelines_claim}" env:"BAROGRAPH_JWT_PIPELINES_CLAIM" placeholder:"NAME" help:"The claim with the pipelines that a token's subject reaches, as in orders and eu-*. A token without it reaches all of them."`
	JWTLeeway         time.Duration `name:"jwt-leeway" default:"${jwt_leeway}" env:"BAROGRAPH_JWT_LEEWAY" placeholder:"DURATION" help:"By how much the clocks of issuers and of this machine may differ."`

	ServeEveryoneAsAdmin bool `name:"dangerously-serve-everyone-as-admin" env:"BAROGRAPH_DANGEROUSLY_SERVE_EVERYONE_AS_ADMIN" help:"Serve other machines without authentication: whoever reaches the address may do everything."`
}

// Authenticates reports whether the settings ask for credentials.
func (s *Authentication) Authenticates() bool {
	return s.RequireAuthentication || s.ClientPrincipals != "" || len(s.JWTIssuers) > 0
}

const leewayLimit = 5 * time.Minute

// validate returns why the settings cannot be in force.
func (s *Authentication) validate() error {
	switch {
	case s.ServeEveryoneAsAdmin && s.Authenticates():
		return errors.New("--dangerously-serve-everyone-as-admin does not go with what asks for credentials: --require-authentication, --jwt-issuers, --client-principals")
	case len(s.JWTIssuers) > 0 && len(s.JWTAudiences) == 0:
		return errors.New("--jwt-issuers needs --jwt-audiences: a token for another service must not be good here")
	case len(s.JWTIssuers) == 0 && len(s.JWTAudiences)+len(s.JWTKeys) > 0:
		return errors.New("--jwt-audiences and --jwt-keys need --jwt-issuers")
	case len(s.JWTKeys) > 0 && len(s.JWTKeys) != len(s.JWTIssuers):
		return errors.New("--jwt-keys has one URL for each of --jwt-issuers")
	case s.JWTRolesClaim == "" || s.JWTPipelinesClaim == "":
		return errors.New("--jwt-roles-claim and --jwt-pipelines-claim must name a claim")
	case s.JWTLeeway < 0 || s.JWTLeeway > leewayLimit:
		return errors.New("--jwt-leeway must be from 0 to 5m")
	}
	for _, audience := range s.JWTAudiences {
		if audience == "" {
			return errors.New("--jwt-audiences has one that is empty")
		}
	}
	return nil
}
