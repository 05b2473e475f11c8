package transport

import (
	"net/http"

	"barograph/internal/origin"
)

// Origins say which web pages may send what changes something, or open a
// connection that stays.
type Origins = origin.Pages

// preflighted reports whether a browser would have asked before it sent the
// request from a page of another origin: it has a header, or a media type of its
// body, that a plain link, form or image cannot make it send.
func preflighted(r *http.Request) bool {
	return isJSON(r) || r.Header.Get("Apollo-Require-Preflight") != "" || r.Header.Get("X-Apollo-Operation-Name") != ""
}
