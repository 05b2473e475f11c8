package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"barograph/auth"
	"barograph/auth/door"
	"barograph/auth/token"
	"barograph/internal/loopback"
	"barograph/internal/settings"
)

// identity says who is let in.
type identity struct {
	development  bool // only this machine is served, and nobody asked for credentials
	open         bool // nobody needs a credential
	description  string
	tokens       *token.Verifier // nil for none
	certificates *door.Certificates
}

// newIdentity returns what the settings say of who is let in where the address is
// served. It fails where that would be anybody, unless that was asked for.
func newIdentity(s settings.Authentication, address net.Addr, logger *slog.Logger) (*identity, error) {
	i := &identity{development: !s.Authenticates() && loopback.Address(address), open: !s.Authenticates()}
	switch {
	case i.development:
		i.description = "everybody on this machine, as developer, who may do everything"
	case s.Authenticates():
		i.description = "whoever has a credential"
	case s.ServeEveryoneAsAdmin:
		i.description = "EVERYBODY, who may do everything, as asked"
		logger.Warn("serving everybody as admin", "address", address)
	default:
		return nil, fmt.Errorf("refusing to serve %s, where others than this machine may do everything: "+
			"ask for credentials by --jwt-issuers, --client-principals, or --require-authentication with API keys; "+
			"or serve this machine alone by --listen=127.0.0.1:8080; or say --dangerously-serve-everyone-as-admin", address)
	}
	if s.ClientPrincipals != "" {
		var err error
		if i.certificates, err = door.OpenCertificates(s.ClientPrincipals); err != nil {
			return nil, fmt.Errorf("--client-principals: %w", err)
		}
	}
	if len(s.JWTIssuers) > 0 {
		var err error
		if i.tokens, err = newTokens(s, logger); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// door returns what lets requests in. Keys know API keys; nil is for none.
func (i *identity) door(keys door.Keys) *door.Door {
	config := door.Config{Open: i.open, Keys: keys, Certificates: i.certificates, Now: time.Now}
	if i.tokens != nil {
		config.Tokens = i.tokens
	}
	return door.New(config)
}

func newTokens(s settings.Authentication, logger *slog.Logger) (*token.Verifier, error) {
	config := token.Config{
		Audiences: s.JWTAudiences, RolesClaim: s.JWTRolesClaim, PipelinesClaim: s.JWTPipelinesClaim, Leeway: s.JWTLeeway,
		Now: time.Now, Logger: logger,
	}
	for n, name := range s.JWTIssuers {
		issuer := token.Issuer{Name: name}
		if len(s.JWTKeys) > 0 {
			issuer.JWKS = s.JWTKeys[n]
		}
		config.Issuers = append(config.Issuers, issuer)
	}
	verifier, err := token.New(config)
	if err != nil {
		return nil, fmt.Errorf("--jwt-issuers: %w", err)
	}
	return verifier, nil
}

// trust lets certificates be good for as long as those vouch for them whom clients'
// connections are under.
func (i *identity) trust(encrypted *encryption) {
	if i.certificates != nil && encrypted != nil {
		i.certificates.Authorities = func() *x509.CertPool { return encrypted.Config().ClientCAs }
	}
}

// run keeps it up to date until ctx is done.
func (i *identity) run(ctx context.Context) error {
	var running errgroup.Group
	if i.tokens != nil {
		running.Go(func() error { return i.tokens.Run(ctx) })
	}
	if i.certificates != nil {
		running.Go(func() error { return i.certificates.Run(ctx, time.Now) })
	}
	return running.Wait()
}

// inForce reports whether a setting that is on, off or auto is on: auto is for
// development.
func (i *identity) inForce(setting string) bool {
	return setting == "on" || setting == "auto" && i.development
}

// principalOf returns who asks, for the log: nothing where that is nobody in particular.
func principalOf(ctx context.Context) slog.Attr {
	if p := auth.From(ctx); p.Kind != auth.Nobody && p.Kind != auth.Developer {
		return slog.String("principal", p.Name)
	}
	return slog.Attr{}
}
