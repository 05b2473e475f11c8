package allowance

import (
	"context"
	"net/http"
	"sync"
	"time"

	"barograph/internal/ratelimit"
)

// A slip is what the headers of an answer tell of the bucket that paid: the state
// after the last of the operations that it has the responses of. A nil one is that of
// a WebSocket, whose headers are long gone.
type slip struct {
	http.ResponseWriter
	policy ratelimit.Policy
	get    bool

	mu      sync.Mutex
	known   bool          // guarded by mu
	has     int           // guarded by mu: tokens
	waiting time.Duration // guarded by mu: the longest of those that were refused
}

type slipKey struct{}

func slipOf(ctx context.Context) *slip {
	s, _ := ctx.Value(slipKey{}).(*slip)
	return s
}

// Tell returns a writer whose headers will tell of the bucket of who asks, and the
// context that the request then has.
func (a *Allowance) Tell(ctx context.Context, w http.ResponseWriter, r *http.Request) (context.Context, http.ResponseWriter) {
	if a == nil {
		return ctx, w
	}
	s := &slip{ResponseWriter: w, policy: a.policy, get: r.Method == http.MethodGet || r.Method == http.MethodHead}
	return context.WithValue(ctx, slipKey{}, s), s
}

// WriteHeader writes the headers, with what is known by now.
func (s *slip) WriteHeader(status int) {
	s.mu.Lock()
	if s.known {
		s.policy.Describe(s.Header(), s.has)
	}
	if status == http.StatusTooManyRequests && s.Header().Get("Retry-After") == "" {
		ratelimit.RetryAfter(s.Header(), s.waiting)
	}
	s.mu.Unlock()
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the writer beneath, for http.ResponseController.
func (s *slip) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// reading reports whether the request is one whose answer may be kept.
func (s *slip) reading() bool { return s != nil && s.get }

func (s *slip) note(t ratelimit.Taken) {
	if !t.OK {
		s.wait(t.Wait)
	}
	s.left(t.Left)
}

func (s *slip) left(tokens int) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.known, s.has = true, tokens
	}
}

func (s *slip) wait(d time.Duration) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waiting = max(s.waiting, d)
	}
}
