package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// reach is how far from its airport, in kilometres, a city may be that the data
// names: none is farther than 31 today, and a namesake on another island is.
const reach = 60

// standIns are the cities nearest to the airports whose own town is too small for
// the gateway to know. What is off the road system has no near one.
var standIns = map[string]string{
	"BDL": "Enfield, CT, US",            // for Windsor Locks
	"EGE": "Clifton, CO, US",            // for Eagle
	"JAC": "Rexburg, ID, US",            // for Jackson, Wyoming
	"KOA": "Hilo, HI, US",               // for Kailua-Kona, on the same island
	"LIH": "Schofield Barracks, HI, US", // for Lihue, an island away
	"OTZ": "Fairbanks, AK, US",          // for Kotzebue, above the Arctic Circle
	"STX": "Saint Croix, VI",            // for Christiansted
	"VPS": "Fort Walton Beach, FL, US",  // for Valparaiso, Florida
}

// territories are what the data calls states and the gateway countries, as ISO 3166-1 does.
var territories = map[string]bool{"AS": true, "GU": true, "MP": true, "PR": true, "VI": true}

// A how says which of an airport's names its city was found by.
type how uint8

const (
	asWritten how = iota // the one in the data
	asPart               // a part of that one
	asStandIn            // the one of the nearest city there is
)

// A candidate is a name that an airport's city may go by.
type candidate struct {
	name string
	how  how
}

// A home is the city of an airport.
type home struct {
	candidate
	city
	airport  airport
	distance float64 // between the two, in kilometres
}

// candidates returns the names to try for an airport's city, the likeliest first:
// as the data writes it, the parts of what it joins, as in "Dallas-Fort Worth", and
// the stand-in.
func candidates(a airport) []candidate {
	where := ", " + a.state + ", US"
	if territories[a.state] {
		where = ", " + a.state
	}
	all := []candidate{{a.city + where, asWritten}}
	joined := func(r rune) bool { return r == '-' || r == '/' }
	if parts := strings.FieldsFunc(a.city, joined); len(parts) > 1 {
		for _, part := range parts {
			all = append(all, candidate{strings.TrimSpace(part) + where, asPart})
		}
	}
	if name, ok := standIns[a.code]; ok {
		all = append(all, candidate{name, asStandIn})
	}
	return all
}

// findHomes finds the city of each airport, all in one request.
func findHomes(ctx context.Context, g *gateway, airports []airport) (map[string]home, error) {
	var names []string
	for _, a := range airports {
		for _, c := range candidates(a) {
			names = append(names, c.name)
		}
	}
	slices.Sort(names)
	known, err := g.cities(ctx, slices.Compact(names))
	if err != nil {
		return nil, fmt.Errorf("find the cities of the airports: %w", err)
	}
	homes := make(map[string]home, len(airports))
	var missing []error
	for _, a := range airports {
		h, ok := choose(a, known)
		if !ok {
			missing = append(missing, fmt.Errorf("no city is known for %s (%s, in %s, %s)", a.code, a.name, a.city, a.state))
			continue
		}
		homes[a.code] = h
	}
	return homes, errors.Join(missing...)
}

// choose returns the first of an airport's candidates that is known and, unless it
// stands in for what is not, within reach.
func choose(a airport, known map[string]city) (home, bool) {
	for _, c := range candidates(a) {
		found, ok := known[c.name]
		if !ok {
			continue
		}
		distance := a.at.distance(found.point)
		if c.how == asStandIn || distance <= reach {
			return home{candidate: c, city: found, airport: a, distance: distance}, true
		}
	}
	return home{}, false
}

// foundBy returns the homes that were found so, the nearest first.
func foundBy(h how, homes map[string]home) []home {
	var found []home
	for _, home := range homes {
		if home.how == h {
			found = append(found, home)
		}
	}
	slices.SortFunc(found, func(a, b home) int { return cmp.Compare(a.distance, b.distance) })
	return found
}
