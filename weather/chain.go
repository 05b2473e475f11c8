package weather

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"barograph/internal/fault"
)

// stops returns the providers to ask for a need, in order: first those that
// have all of it, then those that have some.
func (c *coalescer) stops(need Need) []*line {
	var all, some []*line
	for _, l := range c.chain {
		switch has := l.provider.Has(); {
		case has.Covers(need):
			all = append(all, l)
		case need.within(has) != Need{}:
			some = append(some, l)
		}
	}
	return append(all, some...)
}

// A visit is that of flights to one provider, for which they have as much time.
type visit struct {
	due     time.Time // when the provider has had its share of the time
	flights []*flight
	left    int // guarded by the coalescer's mu: flights that are still there
	timer   *time.Timer
}

// leave counts one flight less. The caller holds the coalescer's mu.
func (v *visit) leave(c *coalescer) {
	if v == nil {
		return
	}
	if v.left--; v.left == 0 && v.timer.Stop() {
		c.under.Done()
	}
}

// share returns how long the present provider may take: an equal part of what
// is left to it and those after it, so that each has time to answer before
// whoever asked first gives up.
func (f *flight) share(now time.Time) time.Time {
	until, left := f.order.deadline, len(f.stops)
	if hurry := f.order.hurry; left > 1 && hurry.After(now) && hurry.Before(until) {
		until = hurry
	}
	return now.Add(until.Sub(now) / time.Duration(left))
}

// enter makes flights wait for the providers they ask next, and lands those
// that have none left. The caller holds mu.
func (c *coalescer) enter(flights []*flight) {
	now := time.Now()
	var visits []*visit
	for _, f := range flights {
		f.visit.leave(c)
		f.call, f.visit = nil, nil
		switch {
		case c.closed:
			c.land(f, Result{Err: errClosed})
		case !c.board(f):
			c.land(f, Result{Err: cmp.Or[error](f.err, errNone)})
		default:
			due := f.share(now)
			if n := len(visits); n == 0 || !visits[n-1].due.Equal(due) {
				visits = append(visits, &visit{due: due})
			}
			f.visit = visits[len(visits)-1]
			f.visit.flights = append(f.visit.flights, f)
			if f.call == nil {
				f.stops[0].queue = append(f.stops[0].queue, seat{f, f.visit})
			}
		}
	}
	for _, v := range visits {
		v.left = len(v.flights)
		c.under.Add(1)
		v.timer = time.AfterFunc(v.due.Sub(now), func() {
			defer c.under.Done()
			c.overdue(v)
		})
	}
	for _, l := range c.chain {
		c.dispatch(l)
	}
}

// board finds the next provider that takes a flight: one whose line is not too
// long, or that is asked for the same already. The caller holds mu.
func (c *coalescer) board(f *flight) bool {
	for ; len(f.stops) > 0; f.pass(errBusy) {
		l := f.stops[0]
		asked := f.need.within(l.provider.Has())
		for other := range c.calls {
			if other.line == l && other.wanted > 0 && other.need.Covers(asked) && other.take(f) {
				return true
			}
		}
		if l.room() {
			return true
		}
	}
	return false
}

var (
	errBusy = fault.New(fault.UpstreamTimeout, "the weather provider is busy")
	errLate = fault.New(fault.UpstreamTimeout, "the weather provider did not answer in time")
	errNone = fault.New(fault.NotFound, "no weather provider has this")
)

// overdue passes on the flights that a provider had its time for.
func (c *coalescer) overdue(v *visit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var passing []*flight
	for _, f := range v.flights {
		switch {
		case f.over || f.visit != v:
			continue
		case f.waiters == 0:
			c.end(f)
			continue
		case f.call == nil:
			f.pass(errBusy)
		default:
			l := f.call
			f.call = nil // so that it outlives the call
			c.unwant(l)
			f.pass(errLate)
		}
		passing = append(passing, f)
	}
	c.enter(passing)
}

// gone returns the error for whoever did not wait.
func gone(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("wait for the weather: %w", ctx.Err()) // which is no fault of the provider's
	}
	return fault.Wrap(ctx.Err(), fault.UpstreamTimeout, "the weather provider did not answer in time")
}
