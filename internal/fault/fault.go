// Package fault gives every error that leaves a domain a kind, which is what a
// caller may know of it: the code to answer with, whether to try again, and one
// sentence safe to show. What caused it stays inside, for logs. The package uses
// the standard library alone, so that everything may use it.
package fault

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Kind says what sort of failure an error is.
type Kind uint8

// The kinds. Internal is the zero value: an error nobody gave a kind is a bug
// of ours, is logged, and tells the client nothing.
const (
	Internal            Kind = iota
	BadRequest               // the request itself is malformed
	BadInput                 // an argument has a value it must not have
	NotFound                 // what was named does not exist
	Unauthenticated          // the caller has not said who it is
	Forbidden                // the caller may not do this
	LimitExceeded            // the request asks for more than one request may
	MaxCostExceeded          // the request costs more than the caller will ever have
	RateLimited              // the caller asks too often
	Overloaded               // the server has no room at the moment
	Timeout                  // the deadline passed
	Unavailable              // a part of the server is away
	UpstreamTimeout          // a weather provider did not answer in time
	UpstreamUnavailable      // a weather provider failed or could not be reached
	UpstreamInvalid          // a weather provider answered nonsense
	UpstreamRateLimited      // a weather provider asks us to slow down
)

var codes = [...]string{
	Internal:            "INTERNAL_SERVER_ERROR",
	BadRequest:          "BAD_REQUEST",
	BadInput:            "BAD_USER_INPUT",
	NotFound:            "NOT_FOUND",
	Unauthenticated:     "UNAUTHENTICATED",
	Forbidden:           "FORBIDDEN",
	LimitExceeded:       "LIMIT_EXCEEDED",
	MaxCostExceeded:     "MAX_COST_EXCEEDED",
	RateLimited:         "RATE_LIMITED",
	Overloaded:          "OVERLOADED",
	Timeout:             "TIMEOUT",
	Unavailable:         "UNAVAILABLE",
	UpstreamTimeout:     "UPSTREAM_TIMEOUT",
	UpstreamUnavailable: "UPSTREAM_UNAVAILABLE",
	UpstreamInvalid:     "UPSTREAM_INVALID",
	UpstreamRateLimited: "UPSTREAM_RATE_LIMITED",
}

// Code returns the public error code of the kind, as clients see it.
func (k Kind) Code() string { return codes[k] }

// Parse returns the kind that has the code, and whether one has.
func Parse(code string) (Kind, bool) {
	i := slices.Index(codes[:], code)
	return Kind(max(i, 0)), i >= 0 //nolint:gosec // one of some fifteen
}

// Retryable reports whether the same request may succeed if it is sent again.
func (k Kind) Retryable() bool {
	switch k {
	case RateLimited, Overloaded, Timeout, Unavailable, UpstreamTimeout, UpstreamUnavailable, UpstreamRateLimited:
		return true
	}
	return false
}

// Ours reports whether the failure is the server's, or that of what it rests
// on, rather than the caller's own doing.
func (k Kind) Ours() bool { return k == Internal || k >= Overloaded }

// An Error is an error with a kind. Message is for the client; the cause, if
// any, is for the log.
type Error struct {
	Kind       Kind
	Message    string
	RetryAfter time.Duration // how long to wait before trying again; zero when unknown
	cause      error
}

// New returns an error of the kind with a message a client may read.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an error of the kind with a message a client may read, caused by
// cause, which a client never sees.
func Wrap(cause error, kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), cause: cause}
}

// After returns a copy of e that asks the client to wait for d first: for whole
// milliseconds, in which it is told, and none too few.
func (e *Error) After(d time.Duration) *Error {
	later := *e
	if later.RetryAfter = d.Truncate(time.Millisecond); later.RetryAfter < d {
		later.RetryAfter = min(later.RetryAfter, math.MaxInt64-time.Millisecond) + time.Millisecond
	}
	return &later
}

// Error returns the message and the cause: the text for a log.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Of returns what a client may know of err: the outermost Error in its chain,
// or one that says only that something took too long or went wrong.
func Of(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(err, Timeout, "the request took too long")
	case errors.Is(err, context.Canceled):
		return Wrap(err, Timeout, "the request was cancelled")
	}
	return Wrap(err, Internal, "internal server error")
}

// KindOf returns the kind of err: Internal when nobody gave it one.
func KindOf(err error) Kind { return Of(err).Kind }
