package openmeteo

import (
	"bytes"
	"errors"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/quota"
	"barograph/weather/upstream"
)

// concurrentWait is how long to wait where too many calls were made at once: the
// service answers them one after the other.
const concurrentWait = 2 * time.Second

// A limit is one of the reasons that the service gives for a 429: a word in its
// text, and the window that is used up.
type limit struct {
	word   string
	window quota.Window
}

var limits = []limit{{"minutely", quota.Minute}, {"hourly", quota.Hour}, {"daily", quota.Day}}

// A limitError tells the window that is used up.
type limitError struct {
	error
	window quota.Window
}

func (e *limitError) Unwrap() error { return e.error }

// rateLimited turns a 429 into an error that says until when to wait: the
// service empties its counts at each full minute, hour and day of UTC, and says
// which one is full, but not when to come back. A proxy before it may.
func (c *Client) rateLimited(a *upstream.Answer) error {
	err := c.server.Refused(a)
	if a.Header.Get("Retry-After") != "" {
		return err
	}
	text := bytes.ToLower(a.Body)
	for _, l := range limits {
		if bytes.Contains(text, []byte(l.word)) {
			return &limitError{fault.Of(err).After(l.window.Left(c.now())), l.window}
		}
	}
	if bytes.Contains(text, []byte("concurrent")) {
		return fault.Of(err).After(concurrentWait)
	}
	return err
}

// exhaust notes in the meter that a window is used up, and returns the error.
func (c *Client) exhaust(err error) error {
	if full := (*limitError)(nil); errors.As(err, &full) {
		c.meter.Exhaust(full.window)
	}
	return err
}

// refused reports whether the service answered with an error, which costs less
// than an answer does. What became of a call that broke off is not known.
func refused(err error) bool {
	return errors.Is(err, weather.ErrRejected) || errors.Is(err, upstream.ErrRefused) || fault.KindOf(err) == fault.UpstreamRateLimited
}
