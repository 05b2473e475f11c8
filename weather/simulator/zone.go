package simulator

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones must be known on machines that have none
)

// A zone is the clock of one place. Like the service's, it keeps the offset of the
// moment of the request through all of the answer, over changes of the clock too.
type zone struct {
	name         string
	abbreviation string
	offset       int64 // seconds east of UTC
}

var gmt = zone{name: "GMT", abbreviation: "GMT"}

// loaded holds the zones found so far. Only zones that exist enter it, so it is as
// bounded as the zone database.
var loaded sync.Map // name → *time.Location

// zoneNamed returns the zone with an IANA name, at a moment.
func zoneNamed(name string, at time.Time) (zone, bool) {
	if name == "GMT" || name == "UTC" {
		return gmt, true
	}
	location, ok := loaded.Load(name)
	if !ok {
		if !plausible(name) {
			return zone{}, false
		}
		found, err := time.LoadLocation(name)
		if err != nil {
			return zone{}, false
		}
		location, _ = loaded.LoadOrStore(strings.Clone(name), found)
	}
	_, offset := at.In(location.(*time.Location)).Zone() //nolint:forcetypeassert // the map holds nothing else
	return zone{name: name, abbreviation: abbreviate(offset), offset: int64(offset)}, true
}

// plausible reports whether a zone can have the name, so that every zone has one
// name only: no path leads to it a second way.
func plausible(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			return false
		}
	}
	return name != "Local" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("/_+-", r)
	})
}

// abbreviate writes an offset as the service abbreviates zones: GMT+5:30.
func abbreviate(offset int) string {
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	switch hours, minutes := offset/3600, offset/60%60; {
	case hours == 0 && minutes == 0:
		return "GMT"
	case minutes == 0:
		return fmt.Sprintf("GMT%c%d", sign, hours)
	default:
		return fmt.Sprintf("GMT%c%d:%02d", sign, hours, minutes)
	}
}

// zoneOf returns the zone of a point.
func (h *handler) zoneOf(latitude, longitude float64, at time.Time) zone {
	if z, ok := zoneNamed(h.zoneAt(latitude, longitude), at); ok {
		return z
	}
	hours := int(math.Round(longitude / 15))
	name := "Etc/GMT"
	if hours != 0 {
		name = fmt.Sprintf("Etc/GMT%+d", -hours) // POSIX counts westwards
	}
	return zone{name: name, abbreviation: abbreviate(hours * 3600), offset: int64(hours) * 3600}
}
