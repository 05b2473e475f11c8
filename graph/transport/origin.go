package transport

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Origins say which web pages may send what changes something, or open a
// connection that stays: those of this server, and those that are listed.
type Origins struct {
	Listed []string // as in https://app.example, or "*" for all
}

// Allowed reports whether a request comes from a page that may send it, or from
// no page at all: only browsers send an Origin.
func (o Origins) Allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(o.Listed, "*") || slices.ContainsFunc(o.Listed, func(listed string) bool { return strings.EqualFold(listed, origin) }) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && host(u.Host, u.Scheme) == host(r.Host, u.Scheme)
}

// host returns a host without the port that its scheme implies: a server behind
// a proxy does not know the scheme, and an origin never names that port.
func host(host, scheme string) string {
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return strings.ToLower(host)
}

// preflighted reports whether a browser would have asked before it sent the
// request from a page of another origin: it has a header, or a media type of its
// body, that a plain link, form or image cannot make it send.
func preflighted(r *http.Request) bool {
	return isJSON(r) || r.Header.Get("Apollo-Require-Preflight") != "" || r.Header.Get("X-Apollo-Operation-Name") != ""
}
