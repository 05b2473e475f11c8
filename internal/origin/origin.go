// Package origin says which web pages may send what changes something. Only
// browsers send an Origin, and they send it with every request of another
// origin's page that could do harm.
package origin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Pages are the web pages that may send what changes something, or open a
// connection that stays: those of this server, and those that are listed.
type Pages struct {
	Listed []string // origins, as in https://app.example, or "*" for all
}

// Allowed reports whether a request comes from a page that may send it, or from
// no page at all.
func (p Pages) Allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(p.Listed, "*") || slices.ContainsFunc(p.Listed, func(listed string) bool { return strings.EqualFold(listed, origin) }) {
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
