package edge

import (
	"net/http"

	"barograph/internal/loopback"
)

// What every answer says to browsers, shared by all: nothing here is a page that
// may load anything, be framed, or be taken for what it does not say it is. The
// pages there are say more, in their own place.
var (
	nosniff     = []string{"nosniff"}
	noReferrer  = []string{"no-referrer"}
	sameOrigin  = []string{"same-origin"}
	deny        = []string{"DENY"}
	noContent   = []string{"default-src 'none'; frame-ancestors 'none'"}
	encryptOnly = []string{"max-age=31536000"}
)

// hardened marks answers for browsers. Those that have come by TLS are told to
// come by nothing else for a year, by any name but localhost, whose ports belong
// to many servers.
func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["X-Content-Type-Options"] = nosniff
		header["Referrer-Policy"] = noReferrer
		header["Cross-Origin-Resource-Policy"] = sameOrigin
		header["X-Frame-Options"] = deny
		header["Content-Security-Policy"] = noContent
		if r.TLS != nil && !loopback.Host(r.Host) {
			header["Strict-Transport-Security"] = encryptOnly
		}
		next.ServeHTTP(w, r)
	})
}
