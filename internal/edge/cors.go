package edge

import (
	"net/http"
	"time"

	"github.com/rs/cors"

	"barograph/internal/ratelimit"
	"barograph/internal/requestid"
)

// CORS says which web pages of other origins may read answers.
type CORS struct {
	Origins     []string // as in https://app.example, or "*" for all; none by default
	Credentials bool     // whether the browser sends its cookies and client certificates along
}

const preflightAge = 10 * time.Minute // a browser may keep what it was allowed: Chromium's own limit is two hours

// handler answers preflights and marks answers. Without origins it does
// neither, so that browsers keep answers from other origins' pages.
func (c CORS) handler(next http.Handler) http.Handler {
	if len(c.Origins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins:   c.Origins,
		AllowCredentials: c.Credentials,
		// PUT and DELETE open and end what server-sent events of one connection carry.
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders: []string{
			"Accept", "Authorization", "X-Api-Key", "Content-Type", "If-None-Match", "Last-Event-ID", "X-GraphQL-Event-Stream-Token",
			"Apollo-Require-Preflight", "X-Apollo-Operation-Name", "Apollographql-Client-Name", "Apollographql-Client-Version",
			"Traceparent", "Tracestate", "X-Barograph-Upstream", "X-Barograph-Cost", requestid.Header,
			"Content-Encoding", "Prefer", "Ce-Specversion", "Ce-Id", "Ce-Source", "Ce-Type", "Ce-Subject", "Ce-Time", "Ce-Dataschema",
		},
		ExposedHeaders: []string{"ETag", "Retry-After", "WWW-Authenticate", ratelimit.LimitHeader, ratelimit.PolicyHeader, "Preference-Applied", requestid.Header},
		MaxAge:         int(preflightAge / time.Second),
	}).Handler(next)
}
