package edge

import (
	"net"
	"net/http"
	"slices"

	"barograph/internal/loopback"
)

// guarded answers only requests that mean this server: none for a proxy, and on
// a loopback address none by another machine's name, since that is how a web
// page gets at what is served for this machine alone. Who sends no name is no
// browser.
func (s *Server) guarded(address net.Addr, next http.Handler) http.Handler {
	local := loopback.Address(address) && !slices.Contains(s.config.Hosts, "*")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Host != "":
			w.Header().Set("Connection", "close")
			answer(w, http.StatusBadRequest, "this is no proxy: the request's target must be a path")
		case local && r.Host != "" && !loopback.Host(r.Host) && !s.known(r.Host):
			answer(w, http.StatusForbidden, "ask for localhost: --allowed-hosts adds names")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// known reports whether a Host header is one of the configured, with its port
// or without.
func (s *Server) known(header string) bool {
	host, _, err := net.SplitHostPort(header)
	return slices.Contains(s.config.Hosts, header) || err == nil && slices.Contains(s.config.Hosts, host)
}
