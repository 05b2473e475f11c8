// Package caching says for how long an answer may be kept, and by whom. What
// holds for every answer, the schema says with @cacheControl, by Apollo's rules;
// what holds for this one, its resolvers say while they run. The strictest wins.
// What becomes of it on the wire is a transport's to say.
package caching

import (
	"fmt"
	"time"
)

// A Policy says how an answer may be kept. The zero Policy is for one that may
// not.
type Policy struct {
	MaxAge  time.Duration
	Private bool // by the client alone, and by no cache on the way
}

// Within returns the policy that keeps to both.
func (p Policy) Within(other Policy) Policy {
	return Policy{MaxAge: min(p.MaxAge, other.MaxAge), Private: p.Private || other.Private}
}

// Header returns the value of the header Cache-Control, which knows no less
// than a second.
func (p Policy) Header() string {
	seconds := int64(p.MaxAge / time.Second)
	switch {
	case seconds <= 0:
		return "no-store"
	case p.Private:
		return fmt.Sprintf("max-age=%d, private", seconds)
	}
	return fmt.Sprintf("max-age=%d, public", seconds)
}
