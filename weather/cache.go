package weather

import (
	"time"
	"unsafe"

	"github.com/maypok86/otter/v2"

	"barograph/internal/fault"
)

const (
	cacheBytes   = 64 << 20
	revalidating = 5 * time.Minute // past its expiry, a report is good enough while a newer one is fetched
	absence      = time.Minute     // for how long a provider's "no such place" is believed
)

// StaleLimit is how long past its expiry a report is better than none.
const StaleLimit = 6 * time.Hour

// A cache holds the newest report of each subject until it is too stale to
// show, and for a short while that there is none.
type cache struct {
	entries *otter.Cache[subject, entry]
	now     func() time.Time
}

// An entry is what is known of a subject. The zero entry is nothing.
type entry struct {
	report *Report
	need   Need  // what the report was fetched for
	none   error // why there is no report: no provider has one for the place
	until  time.Time
}

// A freshness is what an entry is good for.
type freshness uint8

const (
	useless freshness = iota
	lastResort
	refreshable // good enough while a newer one is fetched
	fresh
)

func newCache(now func() time.Time) *cache {
	return &cache{now: now, entries: otter.Must(&otter.Options[subject, entry]{
		MaximumWeight: cacheBytes,
		Weigher:       func(_ subject, e entry) uint32 { return e.weight() },
	})}
}

// find returns what is known of a subject and what that is good for, to someone
// with a need.
func (c *cache) find(s subject, need Need) (entry, freshness) {
	e, ok := c.entries.GetIfPresent(s)
	if !ok || !e.need.Covers(need) && e.none == nil {
		return entry{}, useless
	}
	switch age := c.now().Sub(e.until); {
	case age < 0:
		return e, fresh
	case e.none != nil, age > StaleLimit:
		return entry{}, useless
	case age <= revalidating:
		return e, refreshable
	}
	return e, lastResort
}

// instead returns what has come into the cache meanwhile instead of a failure,
// which is what there is if nothing has.
func (c *cache) instead(s subject, need Need, failure Result) Result {
	if e, good := c.find(s, need); e.report != nil {
		return e.result(stateOf(good))
	}
	return failure
}

// held returns what the fresh report of a subject was fetched for, and nothing
// when there is none.
func (c *cache) held(s subject) Need {
	if e, ok := c.entries.GetIfPresent(s); ok && c.now().Before(e.until) {
		return e.need
	}
	return Need{}
}

// keep keeps a result that was fetched for a need, if it is worth it: failures
// are forgotten. A report with less in it does not replace a fresh one, which
// happens to have been fetched meanwhile.
func (c *cache) keep(s subject, need Need, r Result) {
	switch {
	case r.Err != nil && fault.KindOf(r.Err) == fault.NotFound:
		c.entries.Set(s, entry{none: r.Err, until: c.now().Add(absence)})
	case r.Err != nil:
	case c.held(s) != need && c.held(s).Covers(need):
	default:
		c.entries.Set(s, entry{report: r.Report, need: need, until: r.Report.ExpiresAt})
	}
}

// result returns an entry in a state.
func (e entry) result(state State) Result {
	if e.none != nil {
		return Result{Err: e.none}
	}
	return Result{Report: e.report, State: state}
}

func (e entry) weight() uint32 {
	size := unsafe.Sizeof(entry{}) + unsafe.Sizeof(subject{})
	if r := e.report; r != nil {
		size += unsafe.Sizeof(Report{}) + unsafe.Sizeof(Conditions{}) + unsafe.Sizeof(AirQuality{}) +
			uintptr(len(r.Hourly))*unsafe.Sizeof(Hour{}) + uintptr(len(r.Daily))*unsafe.Sizeof(Day{})
	}
	return uint32(size) // at most some 50 KB: MaxHours hours and MaxDays days
}
