// Package zone knows the clocks of places: time zones by name, and when a day
// begins in them. The zones are in the program: a machine may have none.
package zone

import (
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // for machines that have none
)

// loaded holds the zones found so far. Only zones that exist enter it, so it is
// as bounded as the zone database.
var loaded sync.Map // name → *time.Location

// Load returns the zone with an IANA name. It is safe for concurrent use.
func Load(name string) (*time.Location, error) {
	if zone, ok := loaded.Load(name); ok {
		return zone.(*time.Location), nil //nolint:forcetypeassert // only locations are stored
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load time zone: %w", err)
	}
	loaded.Store(name, zone)
	return zone, nil
}

// Day returns a day's first moment. That is not midnight where clocks go forward
// at midnight, and time.Date may then give one on the day before.
func Day(year int, month time.Month, day int, zone *time.Location) time.Time {
	start := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if start.Day() != day {
		_, start = start.ZoneBounds()
	}
	return start
}
