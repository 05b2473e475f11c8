package weather

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// lineLimit is how many flights may wait for a provider; more have to go to the
// next one.
const lineLimit = 10_000

// A line is where flights wait for a free lane to a provider, and how many lanes
// are taken. All of it is guarded by the coalescer's mu.
//
// Nobody waits for company: a lane that is free is taken at once. What comes
// while none is free leaves together, which is what a provider that answers one
// call at a time wants.
type line struct {
	provider Provider
	limits   Limits
	queue    []seat
	running  int
}

// A seat is a flight's in a line. It is empty once the flight's visit is over.
type seat struct {
	*flight
	taken *visit
}

func newLine(p Provider) *line { return &line{provider: p, limits: p.Limits()} }

func (s seat) empty() bool { return s.over || s.visit != s.taken || s.call != nil }

func (l *line) room() bool {
	if len(l.queue) >= lineLimit {
		l.queue = slices.DeleteFunc(l.queue, seat.empty)
	}
	return len(l.queue) < lineLimit
}

// next takes the flights of the next call out of the line: the first, and those
// of other places that need the same. What one operation wants of a city is not
// fetched for a hundred others that happen to wait beside it, for providers
// count by what they are asked. Both parts of a place leave together.
func (l *line) next() (places []Place, flights [][]*flight, need Need) {
	l.queue = slices.DeleteFunc(l.queue, seat.empty)
	needs := make(map[Place]Need, len(l.queue))
	for _, s := range l.queue {
		needs[s.place] = needs[s.place].And(s.need)
	}
	index := map[Place]int{}
	l.queue = slices.DeleteFunc(l.queue, func(s seat) bool {
		if len(places) == 0 {
			need = needs[s.place]
		}
		i, known := index[s.place]
		if needs[s.place] != need || !known && len(places) == l.limits.Batch {
			return false
		}
		if !known {
			i = len(places)
			index[s.place] = i
			places, flights = append(places, s.place), append(flights, nil)
		}
		flights[i] = append(flights[i], s.flight)
		return true
	})
	return places, flights, need
}

// A call is one to a provider, for flights of each of its places.
type call struct {
	line   *line
	places []Place // changed under the coalescer's mu, by the call's own goroutine
	need   Need
	tally  *Tally // of the operation that it is made for
	cancel context.CancelFunc

	flights [][]*flight  // guarded by the coalescer's mu: one list a place
	wanted  int          // guarded by the coalescer's mu: flights that somebody waits for
	links   []trace.Link // guarded by the coalescer's mu: operations that wait beside the first
}

// dispatch makes calls for those who wait for a provider while it has lanes.
// The caller holds mu.
func (c *coalescer) dispatch(l *line) {
	for l.running < l.limits.Calls && len(l.queue) > 0 {
		places, flights, need := l.next()
		if len(places) == 0 {
			return
		}
		first := flights[0][0].order
		made := &call{line: l, places: places, need: need.within(l.provider.Has()), flights: flights}
		var due time.Time
		for _, f := range slices.Concat(flights...) {
			made.count(f, first)
			if made.tally == nil && !f.background {
				made.tally = tallyOf(f.order.ctx)
			}
			if f.visit.due.After(due) {
				due = f.visit.due
			}
		}
		if made.tally == nil {
			made.tally = &Tally{} // nobody's: what refreshes answered already
		}
		var ctx context.Context
		ctx, made.cancel = context.WithDeadline(first.ctx, due)
		c.calls[made] = struct{}{}
		l.running++
		c.under.Go(func() {
			defer made.cancel()
			c.settle(made, c.bring(ctx, made)) //nolint:contextcheck // what it starts is of other orders
		})
	}
}

// bring returns what a provider says to a call, for the places that the shared
// cache has nothing of.
func (c *coalescer) bring(ctx context.Context, l *call) []Result {
	c.recall(ctx, l)
	if len(l.places) == 0 {
		return nil
	}
	results := c.fetch(ctx, l)
	c.share(l, results)
	return results
}

// take lets one more flight wait for the call, if that asks for its place. The
// caller holds the coalescer's mu.
func (l *call) take(f *flight) bool {
	i := slices.Index(l.places, f.place)
	if i < 0 {
		return false
	}
	l.flights[i] = append(l.flights[i], f)
	l.count(f, nil)
	return true
}

// count counts a flight of the call, which belongs to the trace of its first order.
func (l *call) count(f *flight, first *order) {
	f.call = l
	l.wanted++
	if f.order != first {
		addLink(&l.links, f.order)
	}
	for _, link := range f.order.links {
		addLink(&l.links, &order{link: link})
	}
}

// operations returns the operations that wait for the call beside the one it
// belongs to.
func (c *coalescer) operations(l *call) []trace.Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(l.links)
}
