package weather

import (
	"context"
	"slices"
)

// Shared is a cache that several services have in common, such as those of all
// nodes. It is safe for concurrent use. It never fails: what it has lost, or
// cannot tell in time, it does not have, and is fetched.
type Shared interface {
	// Find returns for each place what a provider said that covers the need, in
	// order, and nil where it has nothing. It may be past its expiry.
	Find(ctx context.Context, provider string, places []Place, need Need) []*Report
	// Keep keeps what a provider said to a need, and does not wait for that.
	Keep(provider string, reports []*Report, need Need)
}

// Share makes the service look into a shared cache before it asks a provider,
// and keep there what that says. It is called before anything is asked for.
func (s *Service) Share(with Shared) { s.coalescer.shared = with }

// recall lands the flights of a call for which the shared cache has something
// fresh, and takes their places out of the call. Something stale is kept, in
// case no provider answers.
//
// It is done for a whole call, which is when everybody who wants the same has
// come together: a thousand operations look once.
func (c *coalescer) recall(ctx context.Context, l *call) {
	if c.shared == nil {
		return
	}
	found := c.shared.Find(ctx, l.line.provider.Source().Provider, l.places, l.need)
	c.mu.Lock()
	defer c.mu.Unlock()
	var places []Place
	var flights [][]*flight
	for i, report := range found {
		for _, f := range l.flights[i] {
			if report != nil && !f.over && l.need.Covers(f.need.within(l.line.provider.Has())) {
				c.remember(f, Result{Report: report}.of(f.part))
			}
		}
		if slices.ContainsFunc(l.flights[i], func(f *flight) bool { return !f.over }) {
			places, flights = append(places, l.places[i]), append(flights, l.flights[i])
		}
	}
	l.places, l.flights = places, flights
}

// remember lands a flight with a report of the shared cache, if that is fresh
// and will do. The caller holds mu.
func (c *coalescer) remember(f *flight, r Result) {
	switch expired := c.cache.now().Sub(r.Report.ExpiresAt); {
	case f.anew || expired > StaleLimit:
	case expired < 0:
		r.State = Cached
		c.land(f, r)
	case c.cache.held(f.subject) != Need{}: // fresh, if too little for this flight
	default:
		if e, _ := c.cache.find(f.subject, f.need); e.report == nil || e.report.FetchedAt.Before(r.Report.FetchedAt) {
			c.cache.keep(f.subject, f.need, r)
		}
	}
}

// share keeps in the shared cache what a call has brought.
func (c *coalescer) share(l *call, results []Result) {
	if c.shared == nil {
		return
	}
	reports := make([]*Report, 0, len(results))
	for _, r := range results {
		if r.Err == nil {
			reports = append(reports, r.Report)
		}
	}
	if len(reports) > 0 {
		c.shared.Keep(l.line.provider.Source().Provider, reports, l.need)
	}
}
