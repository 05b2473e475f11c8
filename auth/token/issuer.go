package token

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"barograph/internal/fault"
)

const (
	refreshTime = 5 * time.Minute  // from one fetch of keys that went well to the next
	demandTime  = time.Minute      // between those that tokens with an unknown key bring about
	firstRetry  = time.Second      // after one that failed; the next ones wait twice as long each
	lastRetry   = time.Minute      // at most
	keptTime    = 24 * time.Hour   // for which keys are good while none can be fetched
	awaited     = 2 * fetchTimeout // for a fetch under way and another one
)

// An issuer keeps the keys of one issuer. One goroutine fetches them; whoever
// needs a key that is not there asks it to, and waits.
type issuer struct {
	Issuer
	from   source
	now    func() time.Time
	logger *slog.Logger
	demand chan struct{} // has one while a fetch is asked for, and has not begun

	mu       sync.Mutex
	keys     keys          // guarded by mu
	fetched  time.Time     // guarded by mu: when
	underway bool          // guarded by mu: whether a fetch is, or is asked for
	over     chan struct{} // guarded by mu: closed when it is
	asked    time.Time     // guarded by mu: when one was last asked for
}

func newIssuer(i Issuer, from source, now func() time.Time, logger *slog.Logger) *issuer {
	return &issuer{
		Issuer: i, from: from, now: now, logger: logger, demand: make(chan struct{}, 1),
		underway: true, over: make(chan struct{}), // the first
	}
}

// find returns the key that a token is signed with, as it says. One that is not
// there may be new, and so its issuer is asked, but not more than once a minute,
// whatever tokens say.
func (i *issuer) find(ctx context.Context, id string, method jose.SignatureAlgorithm) (key, error) {
	ctx, cancel := context.WithTimeout(ctx, awaited)
	defer cancel()
	for waits := 0; ; waits++ {
		all := i.current()
		k, err := all.choose(id, method)
		if err == nil || len(all) > 0 && !errors.Is(err, errUnknownKey) {
			return k, err
		}
		over := i.ask()
		if over == nil || waits == 2 || ctx.Err() != nil { // a first wait may be for a fetch that began before the key was there
			if len(all) == 0 {
				err = fault.New(fault.Unavailable, "the keys of the token's issuer cannot be had at the moment").After(firstRetry)
			}
			return key{}, err
		}
		select {
		case <-over:
		case <-ctx.Done():
		}
	}
}

// current returns the keys that are good now.
func (i *issuer) current() keys {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.now().Sub(i.fetched) > keptTime {
		return nil
	}
	return i.keys
}

// ask returns what is closed once keys have been fetched, or nil where that has
// been asked for too lately.
func (i *issuer) ask() <-chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.underway {
		now := i.now()
		if now.Sub(i.asked) < demandTime {
			return nil
		}
		i.asked, i.underway = now, true
		i.demand <- struct{}{} // there is room: none is asked for while one is
	}
	return i.over
}

// run fetches keys until ctx is done.
func (i *issuer) run(ctx context.Context) {
	retry := firstRetry
	for {
		wait := refreshTime
		if i.refresh(ctx) {
			retry = firstRetry
		} else {
			wait, retry = retry, min(2*retry, lastRetry)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-i.demand:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// refresh fetches keys once, and reports whether that went well. If not, those
// that there are stay.
func (i *issuer) refresh(ctx context.Context) bool {
	i.mu.Lock()
	i.underway = true
	i.mu.Unlock()
	all, err := i.from.keys(ctx, i.Issuer)
	i.mu.Lock()
	defer i.mu.Unlock()
	close(i.over)
	i.over, i.underway = make(chan struct{}), len(i.demand) > 0
	if err != nil && ctx.Err() != nil {
		return false
	}
	countFetch(ctx, i.Name, err)
	if err != nil {
		i.logger.WarnContext(ctx, "an issuer's keys cannot be fetched", "issuer", i.Name, "fetched", i.fetched, "err", err)
		return false
	}
	all.replace(i.keys)
	i.keys, i.fetched = all, i.now()
	return true
}
