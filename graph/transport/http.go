// Package transport carries GraphQL over HTTP, as the specification of the
// GraphQL foundation has it: https://graphql.github.io/graphql-over-http/draft/.
package transport

import (
	"cmp"
	"net/http"

	"github.com/99designs/gqlgen/graphql"

	"barograph/graph/caching"
	"barograph/internal/fault"
)

// HTTP serves queries by GET and POST and mutations by POST, one operation a
// request or a batch of them.
type HTTP struct {
	BodyLimit        int64          // bytes of a request's body
	BatchLimit       int            // operations of a request; 1 is no batches
	Origins          Origins        // whose pages may POST
	RequirePreflight bool           // for what a page of another origin makes a browser send unasked: wanted where the browser's credentials count
	Caching          *caching.Rules // of the schema; without them, no answer may be kept
}

var _ graphql.Transport = HTTP{}

// What HTTP serves where it is told nothing else.
const (
	DefaultBodyLimit  = 8 << 20
	DefaultBatchLimit = 20
)

// NewHTTP returns the transport with defaults for limits that are zero.
func NewHTTP(h HTTP) HTTP {
	h.BodyLimit = cmp.Or(h.BodyLimit, DefaultBodyLimit)
	h.BatchLimit = cmp.Or(h.BatchLimit, DefaultBatchLimit)
	return h
}

// What all transports serve together, for those who ask one for something else.
const (
	methods       = "DELETE, GET, HEAD, OPTIONS, POST, PUT"
	subscriptions = "subscriptions are served as multipart/mixed;subscriptionSpec=1.0, as text/event-stream, and over a WebSocket"
)

// Supports reports whether the request is one for this transport: every one
// that does not ask for a WebSocket.
func (HTTP) Supports(r *http.Request) bool { return !AsksForWebSocket(r) }

// Do answers the request.
func (h HTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	w.Header().Add("Vary", "Accept, Accept-Encoding")
	if r.Method == http.MethodOptions { // but for preflights, which have been answered where they are wanted
		w.Header().Set("Allow", methods)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	mediaType, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		refuse(w, mediaTypeJSON, http.StatusNotAcceptable, "the answer is application/graphql-response+json or application/json, and neither is accepted")
		return
	}
	if wrong := h.admit(r); wrong != nil {
		wrong.answer(w, mediaType)
		return
	}
	asked, wrong := h.read(w, r)
	if wrong != nil {
		wrong.answer(w, mediaType)
		return
	}
	run := execution{exec: exec, rules: h.Caching, reading: isReading(r), strict: mediaType == mediaTypeGraphQL}
	if asked.batch {
		deliver(w, r, mediaType, run.all(r.Context(), asked.requests))
		return
	}
	deliver(w, r, mediaType, run.one(r.Context(), asked.requests[0]))
}

// admit returns why a request is not even read, or nil.
func (h HTTP) admit(r *http.Request) *problem {
	switch {
	case !isReading(r) && r.Method != http.MethodPost:
		return &problem{status: http.StatusMethodNotAllowed, allow: methods, message: "GraphQL is served by GET and POST"}
	case !isReading(r) && !h.Origins.Allowed(r):
		return foreign()
	case h.RequirePreflight && !preflighted(r):
		return malformed("a request without a body of JSON must have the header apollo-require-preflight or x-apollo-operation-name")
	}
	return nil
}

// foreign is the problem of a page whose origin may change nothing.
func foreign() *problem {
	return &problem{status: http.StatusForbidden, kind: fault.Forbidden, message: "a page of another origin may not send this"}
}

// isReading reports whether a request's method promises to change nothing.
func isReading(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}
