package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"barograph/internal/strictjson"
)

const (
	keysLimit    = 100 // in a set
	rsaBitsLeast = 2048
	rsaBitsMost  = 8192 // more take too long
)

// A key is one that verifies signatures, by one method alone.
type key struct {
	id        string // "" for none
	method    jose.SignatureAlgorithm
	public    public
	withdrawn chan struct{} // closed when its issuer has it no longer
}

// public is what all kinds of public keys can do.
type public interface {
	Equal(other crypto.PublicKey) bool
}

// is reports whether two keys are one, be it withdrawn or not.
func (k key) is(other key) bool {
	return k.id == other.id && k.method == other.method && k.public.Equal(other.public)
}

// keys are those of an issuer, none of them twice.
type keys []key

// replace takes over from the keys of before: what they and these have goes on, and
// the others are withdrawn.
func (all keys) replace(before keys) {
	for n := range all {
		if at := slices.IndexFunc(before, all[n].is); at >= 0 {
			all[n].withdrawn = before[at].withdrawn
		}
	}
	for _, k := range before {
		if !slices.ContainsFunc(all, k.is) {
			close(k.withdrawn)
		}
	}
}

var (
	errUnknownKey = errors.New("the token's key is not one of its issuer's")
	errNoKeyID    = errors.New("the token does not say which of its issuer's keys it is signed with")
)

// choose returns the key that a token is signed with, as it says. One that does
// not say so means the only one there is.
func (all keys) choose(id string, method jose.SignatureAlgorithm) (key, error) {
	if id == "" && len(all) > 1 {
		return key{}, errNoKeyID
	}
	known := false
	for _, k := range all {
		if id != "" && k.id != id {
			continue
		}
		if k.method == method {
			return k, nil
		}
		known = true
	}
	if known {
		return key{}, errSignature
	}
	return key{}, errUnknownKey
}

var errNoKeys = errors.New("there is no key among them that verifies signatures")

// readKeys reads a set of keys (RFC 7517). Those that we have no use for are
// left aside, such as symmetric ones; a set of such alone is none.
func readKeys(text []byte) (keys, error) {
	var set map[string]json.RawMessage
	if err := strictjson.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	var each []json.RawMessage
	if err := json.Unmarshal(set["keys"], &each); err != nil || len(each) > keysLimit {
		return nil, errNoKeys
	}
	var all keys
	for _, one := range each {
		if k, ok := readKey(one); ok && !slices.ContainsFunc(all, k.is) {
			all = append(all, k)
		}
	}
	if len(all) == 0 {
		return nil, errNoKeys
	}
	return all, nil
}

// readKey reads a public key that verifies signatures. Where a key does not say
// by which method, it is the usual one of its kind: otherwise a token could choose.
func readKey(text json.RawMessage) (key, bool) {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(text); err != nil || jwk.Use != "" && jwk.Use != "sig" || !verifies(text) {
		return key{}, false
	}
	given := jose.SignatureAlgorithm(jwk.Algorithm)
	k := key{id: jwk.KeyID, withdrawn: make(chan struct{})}
	switch public := jwk.Key.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < rsaBitsLeast || bits > rsaBitsMost {
			return key{}, false
		}
		k.public = public
		k.method = jose.RS256
		if given != "" {
			k.method = given
		}
		return k, slices.Contains(methods, k.method) && strings.Contains("RP", string(k.method[0]))
	case *ecdsa.PublicKey:
		k.public = public
		k.method = map[elliptic.Curve]jose.SignatureAlgorithm{elliptic.P256(): jose.ES256, elliptic.P384(): jose.ES384, elliptic.P521(): jose.ES512}[public.Curve]
	case ed25519.PublicKey:
		k.public = public
		k.method = jose.EdDSA
	default: // symmetric, or private, which nobody should have shown
		return key{}, false
	}
	return k, k.method != "" && (given == "" || given == k.method)
}

// verifies reports whether a key may verify signatures, where it says what it is
// for one by one.
func verifies(text json.RawMessage) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members["key_ops"] == nil {
		return true
	}
	var operations []string
	return json.Unmarshal(members["key_ops"], &operations) == nil && slices.Contains(operations, "verify")
}
