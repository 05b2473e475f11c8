package door

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/internal/fault"
)

const (
	authorization = "Authorization"
	apiKey        = "X-Api-Key" //nolint:gosec // the name of a header, as net/http spells it
)

// A credential is what somebody shows, good or not.
type credential struct {
	kind auth.Kind // Token or Key
	text string
}

var (
	errTwo   = fault.New(fault.BadRequest, "a request has one credential: there are two that differ")
	errInURL = fault.New(fault.BadRequest, "a credential does not belong in a URL, which is logged and kept in many places: send it in the header Authorization or X-API-Key, and take this one for known to others")
	errNone  = fault.New(fault.Unauthenticated, "the credential is not written as it should be: Authorization: Bearer and a token or an API key, or X-API-Key and an API key")
)

// ofRequest returns the credential in a request's headers, or nil.
func ofRequest(r *http.Request) (*credential, error) {
	if inURL(r.URL.RawQuery) {
		return nil, errInURL
	}
	bearers, keys := r.Header.Values(authorization), r.Header.Values(apiKey)
	if bearers == nil && keys == nil {
		return nil, nil
	}
	return one(bearers, keys)
}

// one returns the one credential among values of Authorization and of X-API-Key,
// or nil. Values that are empty are as good as none.
func one(bearers, keys []string) (*credential, error) {
	var found *credential
	for _, header := range [...]struct {
		values []string
		read   func(string) (*credential, error)
	}{{bearers, bearer}, {keys, key}} {
		for _, value := range header.values {
			if strings.TrimSpace(value) == "" {
				continue
			}
			c, err := header.read(value)
			switch {
			case err != nil:
				return nil, err
			case found != nil && *found != *c:
				return nil, errTwo
			}
			found = c
		}
	}
	return found, nil
}

// bearer reads a value of Authorization.
func bearer(value string) (*credential, error) {
	scheme, text, _ := strings.Cut(strings.TrimSpace(value), " ")
	text = strings.TrimLeft(text, " ")
	if !strings.EqualFold(scheme, "Bearer") || !isVisible(text) {
		return nil, errNone
	}
	if strings.HasPrefix(text, apikey.Prefix) {
		return &credential{auth.Key, text}, nil
	}
	return &credential{auth.Token, text}, nil
}

// key reads a value of X-API-Key.
func key(value string) (*credential, error) {
	text := strings.TrimSpace(value)
	if !strings.HasPrefix(text, apikey.Prefix) || !isVisible(text) {
		return nil, errNone
	}
	return &credential{auth.Key, text}, nil
}

// isVisible reports whether a text is made of visible ASCII.
func isVisible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}

// betraying are the names of parameters whose value would be a credential, in
// small letters and without what stands between words.
var betraying = []string{"authorization", "bearer", "accesstoken", "authtoken", "idtoken", "apikey", "xapikey", "jwt"}

// betrayed begin the credentials themselves, under whatever name: ours, and what
// a JSON object in base64 begins with.
var betrayed = []string{apikey.Prefix, "eyJ"}

var plain = strings.NewReplacer("_", "", "-", "", ".", "")

// inURL reports whether the query of a URL has a credential in it. That of the
// parameter token is only one by its value, for event streams have a token too,
// and texts of GraphQL are none.
func inURL(query string) bool {
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		if unescaped, err := url.QueryUnescape(name); err == nil {
			name = unescaped
		}
		name = plain.Replace(strings.ToLower(name))
		if slices.Contains(betraying, name) {
			return true
		}
		if name == "token" && slices.ContainsFunc(betrayed, func(begin string) bool { return strings.HasPrefix(value, begin) }) {
			return true
		}
	}
	return false
}
