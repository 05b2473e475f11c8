package guard

import (
	"errors"
	"sync"
	"time"

	"barograph/internal/fault"
	"barograph/weather/quota"
)

// A pause is how long a provider has asked this node not to call it.
type pause struct {
	mu    sync.Mutex
	until time.Time    // guarded by mu
	why   *fault.Error // guarded by mu
}

// err returns why there is to be no call now, or nil.
func (p *pause) err(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if left := p.until.Sub(now); left > 0 {
		return &refusal{p.why.After(left)}
	}
	return nil
}

// note keeps what an error asks for, within bounds, and returns the error.
func (p *pause) note(err error, now time.Time) error {
	known := (*fault.Error)(nil)
	switch {
	case !errors.As(err, &known) || known.RetryAfter <= 0,
		errors.Is(err, quota.ErrShort): // which holds for calls of that weight alone
		return err
	}
	length := min(known.RetryAfter, longestPause)
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := now.Add(length); until.After(p.until) {
		p.until, p.why = until, fault.New(known.Kind, "%s", known.Message)
	}
	return known.After(length)
}
