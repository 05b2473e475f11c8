package token

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"barograph/internal/strictjson"
)

const (
	sizeLimit   = 8 << 10 // bytes of a token
	headerLimit = 4 << 10 // of these, of the header
)

// A token is one that has been read, and may be anybody's.
type token struct {
	method jose.SignatureAlgorithm
	kid    string // "" for none
	claims map[string]any
}

// types are those that a token may say it is of. Others that an issuer signs,
// such as those of a logout, are not for asking.
var types = []string{"", "jwt", "at+jwt", "application/at+jwt"}

// read reads a token of three parts. What a header offers as the key, or where
// to find it, is not looked at: jwk, jku, x5c, x5u.
func read(text string) (token, error) {
	if len(text) > sizeLimit || strings.Count(text, ".") != 2 {
		return token{}, errMalformed
	}
	head, rest, _ := strings.Cut(text, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	if len(head) > headerLimit || !isBase64(head) || !isBase64(payload) || !isBase64(signature) {
		return token{}, errMalformed
	}
	header, err := object(head)
	if err != nil {
		return token{}, err
	}
	t := token{}
	if t.claims, err = object(payload); err != nil {
		return token{}, err
	}
	if _, given := header["crit"]; given {
		return token{}, errMalformed // it asks for what we do not know
	}
	if kid, given := header["kid"]; given {
		if t.kid, _ = kid.(string); t.kid == "" {
			return token{}, errMalformed
		}
	}
	if kind, given := header["typ"]; given {
		name, _ := kind.(string)
		if name == "" || !slices.Contains(types, strings.ToLower(name)) {
			return token{}, errMalformed
		}
	}
	method, _ := header["alg"].(string)
	if t.method = jose.SignatureAlgorithm(method); !slices.Contains(methods, t.method) {
		return token{}, errSignature
	}
	return t, nil
}

// isBase64 reports whether a part has characters of base64 for URLs alone: Go's
// decoder would skip line breaks.
func isBase64(part string) bool {
	for i := range len(part) {
		c := part[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return part != ""
}

// object reads a part that is a JSON object, in which no name stands twice.
func object(part string) (map[string]any, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, errMalformed
	}
	var members map[string]any
	if err := strictjson.Unmarshal(text, &members); err != nil || members == nil {
		return nil, errMalformed
	}
	return members, nil
}
