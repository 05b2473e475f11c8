package ratelimit

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// The headers of https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-11.html.
const (
	PolicyHeader = "RateLimit-Policy"
	LimitHeader  = "RateLimit"
)

// The same, as net/http spells them.
var (
	policyKey = http.CanonicalHeaderKey(PolicyHeader)
	limitKey  = http.CanonicalHeaderKey(LimitHeader)
)

// A Policy is a limit by the name that clients know it by.
type Policy struct {
	limit Limit
	text  []string // of PolicyHeader, in every answer
	begin string   // of LimitHeader
}

// NewPolicy returns the policy of a limit.
func NewPolicy(name string, l Limit) Policy {
	window := seconds(l.after(float64(l.Burst)))
	return Policy{l, []string{`"` + name + `";q=` + strconv.Itoa(l.Burst) + ";w=" + window}, `"` + name + `";r=`}
}

// Describe sets the headers that tell of a policy and of what is left of it: how many
// tokens, and in how many seconds there are as many as there can be.
func (p Policy) Describe(h http.Header, left int) {
	h[policyKey] = p.text
	full := seconds(p.limit.after(float64(p.limit.Burst - left)))
	h[limitKey] = []string{p.begin + strconv.Itoa(left) + ";t=" + full}
}

// RetryAfter sets the header that says when to come again, if that makes sense.
func RetryAfter(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", seconds(wait))
	}
}

// seconds returns whole seconds, none too few.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
