package weather

import (
	"time"
	"unsafe"

	"github.com/maypok86/otter/v2"
)

const (
	cacheBytes = 64 << 20
	staleLimit = 6 * time.Hour // past its expiry, a report is no longer better than none
)

// A cache holds the newest report of each place until it is too stale to show.
type cache struct {
	reports *otter.Cache[Place, kept]
	now     func() time.Time
}

type kept struct {
	report *Report
	need   Need // what the report was fetched for
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, reports: otter.Must(&otter.Options[Place, kept]{
		MaximumWeight: cacheBytes,
		Weigher:       func(_ Place, k kept) uint32 { return k.weight() },
	})}
}

// find returns the report of a place and whether it is fresh. It returns nil
// when there is none that covers the need and is within the stale limit.
func (c *cache) find(p Place, need Need) (report *Report, fresh bool) {
	k, ok := c.reports.GetIfPresent(p)
	if !ok || !k.need.Covers(need) {
		return nil, false
	}
	now := c.now()
	if now.After(k.report.ExpiresAt.Add(staleLimit)) {
		return nil, false
	}
	return k.report, now.Before(k.report.ExpiresAt)
}

// held returns what the fresh report of a place was fetched for, and nothing
// when there is none.
func (c *cache) held(p Place) Need {
	if k, ok := c.reports.GetIfPresent(p); ok && c.now().Before(k.report.ExpiresAt) {
		return k.need
	}
	return Need{}
}

func (c *cache) keep(report *Report, need Need) {
	c.reports.Set(report.Place, kept{report, need})
}

func (k kept) weight() uint32 {
	size := unsafe.Sizeof(kept{}) + unsafe.Sizeof(Place{}) + unsafe.Sizeof(Report{}) + unsafe.Sizeof(Conditions{}) +
		uintptr(len(k.report.Hourly))*unsafe.Sizeof(Hour{}) + uintptr(len(k.report.Daily))*unsafe.Sizeof(Day{})
	return uint32(size) //nolint:gosec // at most MaxHours hours and MaxDays days: some 50 KB
}
