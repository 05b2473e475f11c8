package weather

import (
	"context"
	"slices"
	"sync"
	"time"

	"barograph/internal/fault"
)

const (
	fetchTimeout    = 8 * time.Second // of a fetch, whichever providers are asked and whoever waits
	backgroundLimit = 2000            // flights that nobody waits for; beyond, whoever asks next starts them
)

// A coalescer lets all who want the same thing at the same time share one fetch
// of it. Each may leave without disturbing the others; a call that nobody waits
// for any more is cancelled.
//
// Who needs more than what is under way starts a fetch of both needs together,
// and not of the rest: a report is what one provider said at one moment, and two
// patched together would be neither.
type coalescer struct {
	chain  []*line
	cache  *cache
	shared Shared                                // nil where there is none
	fetch  func(context.Context, *call) []Result // asks a provider: one result for each place
	news   func(subject, Result)                 // is told each report that arrives; called under mu
	under  sync.WaitGroup                        // calls, and timers of visits

	mu         sync.Mutex
	flights    map[subject][]*flight // guarded by mu: those under way
	calls      map[*call]struct{}    // guarded by mu: those under way
	background int                   // guarded by mu: flights that nobody waits for
	closed     bool                  // guarded by mu
}

// A want is what someone asks of the coalescer.
type want struct {
	subject
	background bool // nobody waits for it
	anew       bool // what the cache has will not do
	answer     *answer
}

// join returns a flight for each want, which the caller waits for: one under
// way where that covers the need, else a new one. All new ones take off
// together. There is none for what is wanted in the background.
func (c *coalescer) join(ctx context.Context, wants []want, need Need) []*flight {
	joining := newOrder(ctx)
	flights := make([]*flight, len(wants))
	var starting []*flight
	var shared int64

	c.mu.Lock()
	defer c.mu.Unlock()
	wider := c.widen(wants, need)
	for i, w := range wants {
		asked := need.of(w.part)
		if f := c.find(w.subject, asked); f != nil {
			f.anew = f.anew || w.anew
			if !w.background {
				f.join(joining)
				flights[i] = f
				shared++
			}
			continue
		}
		if e, good := c.cache.find(w.subject, asked); good == fresh && !w.anew {
			flights[i] = arrived(e.result(Cached)) // just now
			continue
		}
		if w.background && c.background >= backgroundLimit {
			continue
		}
		f := newFlight(w, wider.of(w.part), joining, c.stops(wider.of(w.part)))
		c.flights[w.subject] = append(c.flights[w.subject], f)
		starting = append(starting, f)
		if w.background {
			c.background++
		} else {
			flights[i] = f
		}
	}
	c.enter(starting) //nolint:contextcheck // orders have theirs
	recordJoined(ctx, shared)
	return flights
}

// find returns a flight under way that meets a need. One that has not left yet
// can take more along, if the same providers are asked for that. The caller
// holds mu.
func (c *coalescer) find(s subject, need Need) *flight {
	under := c.flights[s]
	for _, f := range under {
		if f.need.Covers(need) {
			return f
		}
	}
	for _, f := range under {
		if both := f.need.And(need); f.call == nil && slices.Equal(f.stops, c.stops(both)) {
			f.need = both
			return f
		}
	}
	return nil
}

// widen returns the need together with that of the flights under way that do
// not meet it, so that what comes after them has not less in it. The caller
// holds mu.
func (c *coalescer) widen(wants []want, need Need) Need {
	wider := need
	for _, w := range wants {
		if c.find(w.subject, need.of(w.part)) == nil {
			for _, f := range c.flights[w.subject] {
				wider = wider.And(f.need)
			}
		}
	}
	return wider
}

// leave says that whoever joined the flights does not wait for them any more.
func (c *coalescer) leave(flights []*flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range flights {
		if f == nil || f.over {
			continue
		}
		f.waiters--
		switch {
		case f.waiters > 0:
		case f.call == nil:
			c.end(f)
		default: // it goes on for as long as others want the call
			c.unwant(f.call)
		}
	}
}

// unwant counts one flight less that somebody waits for, and ends a call that
// has none. The caller holds mu.
func (c *coalescer) unwant(l *call) {
	l.wanted--
	if l.wanted > 0 {
		return
	}
	l.cancel()
	for _, f := range slices.Concat(l.flights...) {
		if f.call == l {
			c.end(f)
		}
	}
}

// settle hands out what a call has brought. Flights that it has nothing for go
// on to their next provider.
func (c *coalescer) settle(l *call, results []Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, l)
	l.line.running--
	var passing []*flight
	for i, r := range results {
		for _, f := range l.flights[i] {
			r := r.of(f.part)
			gone := f.call != l
			switch {
			case f.over, gone && !l.need.Covers(f.need.within(l.line.provider.Has())): // it has taken more along since
			case r.Err == nil:
				c.land(f, r) // also if it has gone: this came first
			case gone:
			case f.waiters == 0:
				c.end(f)
			default:
				f.pass(r.Err)
				passing = append(passing, f)
			}
		}
	}
	c.enter(passing)
}

// land ends a flight with a result. The caller holds mu.
func (c *coalescer) land(f *flight, r Result) {
	c.cache.keep(f.subject, f.need, r)
	if r.Err == nil {
		c.news(f.subject, r)
	}
	if f.background {
		recordRefreshed(f.order.ctx, r.Err)
	}
	c.end(f)
	f.result = r
	close(f.done)
}

// end forgets a flight. The caller holds mu.
func (c *coalescer) end(f *flight) {
	f.over = true
	f.visit.leave(c)
	l := f.call
	f.call, f.visit = nil, nil
	if _, under := c.calls[l]; under && f.waiters > 0 {
		c.unwant(l)
	}
	if f.background {
		c.background--
	}
	rest := slices.DeleteFunc(c.flights[f.subject], func(other *flight) bool { return other == f })
	if len(rest) == 0 {
		delete(c.flights, f.subject)
	} else {
		c.flights[f.subject] = rest
	}
}

// close lands all flights, ends all calls and waits for them. What is asked
// later fails.
func (c *coalescer) close() {
	c.mu.Lock()
	c.closed = true
	for l := range c.calls {
		l.cancel()
	}
	for _, flights := range c.flights {
		for _, f := range slices.Clone(flights) {
			c.land(f, Result{Err: errClosed})
		}
	}
	c.mu.Unlock()
	c.under.Wait()
}

var errClosed = fault.New(fault.Unavailable, "the server is shutting down")
