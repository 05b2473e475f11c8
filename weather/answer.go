package weather

import (
	"context"
	"time"

	"barograph/internal/fault"
)

// A manner is how the cache is used.
type manner uint8

const (
	usual manner = iota
	exact        // fresh or fetched, in preference to a report that is being refreshed
	anew         // fetched
)

// An answer is that to one subject.
type answer struct {
	subject
	Result
	awaited bool // the cache did not do
}

// answer answers for places: every part of each is looked up, then what is
// missing is fetched all together.
func (s *Service) answer(ctx context.Context, places []Place, need Need, by manner) []Result {
	if need == (Need{}) {
		need.Current = true // for there to be something to tell the freshness of
	}
	index := make(map[Place]int, len(places))
	asked := make([]Place, 0, len(places))
	for _, place := range places {
		if _, seen := index[place]; !seen {
			index[place] = len(asked)
			asked = append(asked, place)
		}
	}
	parts := s.coalescer.parts(need)
	answers := make([]answer, 0, len(parts)*len(asked))
	for _, p := range parts {
		for _, place := range asked {
			answers = append(answers, answer{subject: subject{place, p}})
		}
	}
	s.fill(ctx, answers, need, by)
	tallyOf(ctx).CacheHits.Add(unawaited(answers, len(asked)))
	results := make([]Result, len(places))
	for i, place := range places {
		var of [2]*answer
		for k, p := range parts {
			of[p] = &answers[k*len(asked)+index[place]]
		}
		results[i] = together(place, of[forecast], of[air])
	}
	return results
}

// fill fills in answers from the cache, and then from providers.
func (s *Service) fill(ctx context.Context, answers []answer, need Need, by manner) {
	var wants []want
	var found lookups
	wanted := need
	for i := range answers {
		a := &answers[i]
		e, good := s.cache.find(a.subject, need.of(a.part))
		found.count(good)
		w, fetch := a.take(e, good, by, s.now())
		if !fetch {
			continue
		}
		w.answer, a.awaited = a, !w.background
		wants = append(wants, w)
		// Two views that need different parts of a report must not push each
		// other's out of the cache in turn.
		wanted = wanted.And(s.cache.held(a.subject))
	}
	s.measuring.Do(func() { begin(ctx) })
	found.record(ctx)
	s.await(ctx, wants, wanted, by)
	recordResults(ctx, answers)
}

// take takes what the cache has, and returns what is to be fetched, if anything.
func (a *answer) take(e entry, good freshness, by manner, now time.Time) (w want, fetch bool) {
	w.subject = a.subject
	a.Result = e.result(stateOf(good))
	switch {
	case by == anew && e.report != nil && now.Sub(e.report.FetchedAt) < refreshPause:
		a.Err = fault.New(fault.RateLimited, "it was fetched less than %s ago", refreshPause).After(refreshPause - now.Sub(e.report.FetchedAt))
		return w, false
	case by == anew:
		w.anew = true
	case good == fresh:
		return w, false
	case good == refreshable && by == usual:
		w.background = true
	}
	return w, true
}

func stateOf(good freshness) State {
	if good == fresh {
		return Cached
	}
	return Stale
}

// unawaited returns for how many of so many places no part was waited for.
func unawaited(answers []answer, places int) (n int64) {
	for i := range places {
		awaited := false
		for k := i; k < len(answers); k += places { // the parts of one place
			awaited = awaited || answers[k].awaited
		}
		if !awaited {
			n++
		}
	}
	return n
}

// await fetches what is wanted, and puts what comes into the answers. Where
// nothing does, they keep what the cache had.
func (s *Service) await(ctx context.Context, wants []want, need Need, by manner) {
	if len(wants) == 0 {
		return
	}
	var flights []*flight
	if ctx.Err() == nil {
		flights = s.coalescer.join(ctx, wants, need)
	}
	for i, w := range wants {
		var r Result
		switch {
		case w.background:
			continue
		case flights == nil:
			r.Err = gone(ctx)
		default:
			r = flights[i].wait(ctx)
		}
		if r.Err != nil && w.answer.Report == nil && by != anew {
			r = s.cache.instead(w.subject, need.of(w.part), r)
		}
		switch {
		case r.Err == nil || w.answer.Report == nil:
			w.answer.Result = r
		case by == anew:
			w.answer.Err = r.Err
		}
	}
	if ctx.Err() != nil {
		s.coalescer.leave(flights)
	}
}

// parts returns the parts that a need asks for: without the air where no
// provider has it, which is no error.
func (c *coalescer) parts(need Need) []part {
	parts := need.parts()
	if need.AirQuality && len(c.stops(need.of(air))) == 0 {
		return parts[:len(parts)-1]
	}
	return parts
}

// together makes one result of those of a place's parts, of which one may not
// have been asked for.
func together(place Place, weather, quality *answer) Result {
	var r Result
	if weather != nil {
		r = weather.Result
	} else {
		r.Report = &Report{Place: place}
	}
	if quality == nil || r.Report == nil {
		return r
	}
	r.AirState, r.AirErr = quality.State, quality.Err
	if quality.Report != nil && quality.Report.AirQuality != nil {
		whole := *r.Report
		whole.AirQuality = quality.Report.AirQuality
		r.Report = &whole
	}
	return r
}
