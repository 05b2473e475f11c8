package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"barograph/internal/loopback"
	"barograph/internal/strictjson"
)

const (
	fetchTimeout  = 5 * time.Second
	answerLimit   = 1 << 20 // bytes
	redirectLimit = 3
)

// discovery is where an issuer's metadata are (OpenID Connect Discovery 1.0).
const discovery = "/.well-known/openid-configuration"

// A source is where keys come from.
type source struct{ client *http.Client }

func newSource(transport http.RoundTripper) source {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
		own.MaxResponseHeaderBytes = 64 << 10
		own.DisableKeepAlives = true // one request in minutes
		transport = own
	}
	return source{&http.Client{Transport: transport, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		switch from := via[0].URL; {
		case len(via) > redirectLimit:
			return errors.New("too many redirects")
		case to.URL.Host != from.Host || to.URL.Scheme != from.Scheme:
			return errors.New("a redirect to another host is not followed")
		}
		return nil
	}}}
}

// check returns why keys of the issuer must not be asked for, or nil.
func (i Issuer) check() error {
	if err := checkURL(i.Name); err != nil {
		return fmt.Errorf("issuer %q: %w", i.Name, err)
	}
	if strings.ContainsAny(i.Name, "|?#") {
		return fmt.Errorf("issuer %q: it has no query, no fragment and no |", i.Name)
	}
	if i.JWKS == "" {
		return nil
	}
	if err := checkURL(i.JWKS); err != nil {
		return fmt.Errorf("keys at %q: %w", i.JWKS, err)
	}
	return nil
}

// checkURL returns why a URL must not be asked, or nil: what comes in the clear
// could have been changed on the way, but for that on this machine.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return errors.New("it is no URL, as in https://issuer.example")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback.Host(u.Host)):
		return errors.New("its URL must be https, except on this machine")
	}
	return nil
}

// keys fetches the keys of an issuer.
func (s source) keys(ctx context.Context, i Issuer) (keys, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if i.JWKS == "" {
		var err error
		if i.JWKS, err = s.discover(ctx, i.Name); err != nil {
			return nil, err
		}
	}
	text, err := s.fetch(ctx, i.JWKS)
	if err != nil {
		return nil, err
	}
	all, err := readKeys(text)
	if err != nil {
		return nil, fmt.Errorf("read keys of %s: %w", i.JWKS, err)
	}
	return all, nil
}

// discover returns where an issuer says that its keys are.
func (s source) discover(ctx context.Context, name string) (string, error) {
	at := strings.TrimSuffix(name, "/") + discovery
	text, err := s.fetch(ctx, at)
	if err != nil {
		return "", err
	}
	var members map[string]json.RawMessage
	if err := strictjson.Unmarshal(text, &members); err != nil {
		return "", fmt.Errorf("read %s: %w", at, err)
	}
	var issuer, place string
	if json.Unmarshal(members["issuer"], &issuer) != nil || issuer != name {
		return "", fmt.Errorf("read %s: it is of another issuer", at)
	}
	if json.Unmarshal(members["jwks_uri"], &place) != nil {
		return "", fmt.Errorf("read %s: it has no jwks_uri", at)
	}
	if err := checkURL(place); err != nil {
		return "", fmt.Errorf("read %s: jwks_uri: %w", at, err)
	}
	return place, nil
}

func (s source) fetch(ctx context.Context, at string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read, or is no good
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch keys: %s answers %d", at, answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("fetch keys: %w", err)
	case len(text) > answerLimit:
		return nil, fmt.Errorf("fetch keys: %s answers more than %d bytes", at, answerLimit)
	}
	return text, nil
}
