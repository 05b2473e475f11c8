package weather

import (
	"context"
	"log/slog"
	"time"

	"barograph/internal/fault"
)

// A Service answers for places from its cache and from providers. It is safe
// for concurrent use. Whoever makes one closes it.
type Service struct {
	cache     *cache
	coalescer *coalescer
	watches   *watches
	now       func() time.Time
	logger    *slog.Logger
}

// NewService returns a service over providers, each of which is asked where
// those before it have no answer. It tells the age of reports by now.
func NewService(now func() time.Time, logger *slog.Logger, providers ...Provider) *Service {
	s := &Service{cache: newCache(now), watches: newWatches(), now: now, logger: logger}
	s.coalescer = &coalescer{
		cache: s.cache, fetch: s.fetch, news: s.watches.news,
		flights: map[subject][]*flight{}, calls: map[*call]struct{}{},
	}
	begin(context.Background())
	for _, p := range providers {
		s.coalescer.chain = append(s.coalescer.chain, newLine(p))
	}
	return s
}

// Close ends what the service does by itself, and every call under way, and
// waits for that. It fails whoever waits, and those who ask later for what is
// not in the cache.
func (s *Service) Close() {
	s.watches.close()
	s.coalescer.close()
}

// Reports returns one result for each place, in order; equal places are asked
// for once. It answers from the cache where that is fresh and covers the need,
// or only just past its expiry, in which case it is refreshed meanwhile. It
// waits for the rest, and falls back on a stale report where fetching fails.
func (s *Service) Reports(ctx context.Context, places []Place, need Need) []Result {
	return s.answer(ctx, places, need, usual)
}

// refreshPause is how old a report has to be for Refresh to fetch a newer one.
const refreshPause = 10 * time.Second

// Refresh is as Reports, but fetches anew what is in the cache. Where it does
// not, because that has just been done or fails, the result says so beside the
// report there is.
func (s *Service) Refresh(ctx context.Context, places []Place, need Need) []Result {
	return s.answer(ctx, places, need, anew)
}

// A manner is how the cache is used.
type manner uint8

const (
	usual manner = iota
	exact        // fresh or fetched, in preference to a report that is being refreshed
	anew         // fetched
)

// An answer is that to one subject.
type answer struct{ Result }

// answer answers for places: every part of each is looked up, then what is
// missing is fetched all together.
func (s *Service) answer(ctx context.Context, places []Place, need Need, by manner) []Result {
	if need == (Need{}) {
		need.Current = true // for there to be something to tell the freshness of
	}
	parts := s.coalescer.parts(need)
	answers := make(map[subject]*answer, len(places)*len(parts))
	var wants []want
	var found lookups
	wanted := need
	for _, p := range parts {
		for _, place := range places {
			sub := subject{place, p}
			if answers[sub] != nil {
				continue
			}
			a, fetch := s.lookUp(sub, need.of(p), by, &found)
			answers[sub] = &a
			if fetch != nil {
				wants = append(wants, *fetch)
				// Two views that need different parts of a report must not push
				// each other's out of the cache in turn.
				wanted = wanted.And(s.cache.held(sub))
			}
		}
	}
	found.record(ctx)
	s.await(ctx, wants, wanted, answers, by)
	results := make([]Result, len(places))
	for i, place := range places {
		results[i] = together(place, answers[subject{place, forecast}], answers[subject{place, air}])
	}
	recordResults(ctx, answers)
	return results
}

// lookUp returns what the cache has for a subject, and what is to be fetched.
func (s *Service) lookUp(sub subject, need Need, by manner, found *lookups) (answer, *want) {
	e, good := s.cache.find(sub, need)
	found.count(good)
	switch {
	case by == anew && e.report != nil && s.now().Sub(e.report.FetchedAt) < refreshPause:
		r := e.result(stateOf(good))
		r.Err = fault.New(fault.RateLimited, "it was fetched less than %s ago", refreshPause).
			After(refreshPause - s.now().Sub(e.report.FetchedAt))
		return answer{Result: r}, nil
	case by == anew:
		return answer{Result: e.result(stateOf(good))}, &want{subject: sub, anew: true}
	case good == fresh:
		return answer{Result: e.result(Cached)}, nil
	case good == refreshable && by == usual:
		return answer{Result: e.result(Stale)}, &want{subject: sub, background: true}
	}
	return answer{Result: e.result(Stale)}, &want{subject: sub}
}

func stateOf(good freshness) State {
	if good == fresh {
		return Cached
	}
	return Stale
}

// await fetches what is wanted, and puts what comes into the answers. Where
// nothing does, they keep what the cache had.
func (s *Service) await(ctx context.Context, wants []want, need Need, answers map[subject]*answer, by manner) {
	if len(wants) == 0 {
		return
	}
	if ctx.Err() != nil {
		for _, w := range wants {
			if a := answers[w.subject]; a.Report == nil || by == anew {
				a.Err = gone(ctx)
			}
		}
		return
	}
	flights := s.coalescer.join(ctx, wants, need)
	var left []*flight
	for i, f := range flights {
		if f == nil {
			continue
		}
		a := answers[wants[i].subject]
		r := f.wait(ctx)
		switch {
		case r.Err == nil || a.Report == nil:
			a.Result = r
		case by == anew:
			a.Err = r.Err
		}
		left = append(left, f)
	}
	if ctx.Err() != nil {
		s.coalescer.leave(left)
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
	r := Result{Report: &Report{Place: place}}
	if weather != nil {
		r = weather.Result
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
