package main

import (
	"math"
	"strings"
	"testing"

	"barograph/gazetteer"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		airport airport
		want    string
	}{
		{airport{code: "LAX", city: "Los Angeles", state: "CA"}, "Los Angeles, CA, US"},
		{airport{code: "SJU", city: "San Juan", state: "PR"}, "San Juan, PR"},
		{airport{code: "DFW", city: "Dallas-Fort Worth", state: "TX"}, "Dallas-Fort Worth, TX, US; Dallas, TX, US; Fort Worth, TX, US"},
		{airport{code: "KOA", city: "Kailua/Kona", state: "HI"}, "Kailua/Kona, HI, US; Kailua, HI, US; Kona, HI, US; Hilo, HI, US"},
		{airport{code: "STX", city: "Christiansted", state: "VI"}, "Christiansted, VI; Saint Croix, VI"},
	} {
		var names []string
		for _, c := range candidates(test.airport) {
			names = append(names, c.name)
		}
		if got := strings.Join(names, "; "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.airport.code, got, test.want)
		}
	}
}

func TestChooseTakesTheLikeliestNameWithinReach(t *testing.T) {
	t.Parallel()
	kona := airport{code: "KOA", city: "Kailua/Kona", state: "HI", at: point{19.739, -156.046}}
	named := city{ID: "named", point: point{19.64, -155.99}}
	namesake := city{ID: "namesake", point: point{21.40, -157.74}} // on another island
	hilo := city{ID: "hilo", point: point{19.73, -155.09}}
	for _, test := range []struct {
		reason string
		known  map[string]city
		want   string
		how    how
	}{
		{"as written", map[string]city{"Kailua/Kona, HI, US": named, "Hilo, HI, US": hilo}, "named", asWritten},
		{"in part", map[string]city{"Kona, HI, US": named, "Hilo, HI, US": hilo}, "named", asPart},
		{"a namesake is passed over", map[string]city{"Kailua, HI, US": namesake, "Hilo, HI, US": hilo}, "hilo", asStandIn},
		{"nothing is better than a namesake", map[string]city{"Kailua, HI, US": namesake}, "", 0},
		{"nothing known", nil, "", 0},
	} {
		h, ok := choose(kona, test.known)
		if ok != (test.want != "") || h.ID != test.want || h.how != test.how {
			t.Errorf("%s: got %q by %d, %t, want %q by %d", test.reason, h.ID, h.how, ok, test.want, test.how)
		}
	}
}

// The airports whose towns have a stand-in, where airports.csv has them.
var small = map[string]point{
	"BDL": {41.93887417, -72.68322833},
	"EGE": {39.64256778, -106.9176953},
	"JAC": {43.60732417, -110.7377389},
	"KOA": {19.73876583, -156.0456314},
	"LIH": {21.97598306, -159.3389581},
	"OTZ": {66.88467694, -162.5985497},
	"STX": {17.70188889, -64.79855556},
	"VPS": {30.48325, -86.5254},
}

func TestStandInsAreTheNearestCitiesThereAre(t *testing.T) {
	t.Parallel()
	g, err := gazetteer.Open()
	if err != nil {
		t.Fatal(err)
	}
	if len(standIns) != len(small) {
		t.Errorf("got %d stand-ins, want %d", len(standIns), len(small))
	}
	for code, at := range small {
		want := g.Nearest(at.Latitude, at.Longitude)
		if got, ok := g.Find(standIns[code]); !ok || got != want {
			t.Errorf("%s: %q is %v, want %s", code, standIns[code], got, want.Label())
		}
	}
}

func TestDistanceIsByGreatCircle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to point
		want     float64
	}{
		{point{33.9425, -118.4081}, point{40.6398, -73.7789}, 3974}, // LAX to JFK
		{point{0, 179}, point{0, -179}, 222},                        // over the antimeridian
		{point{90, 10}, point{90, -100}, 0},
		{point{0, 0}, point{0, 180}, math.Pi * earthRadius},
	} {
		if got := test.from.distance(test.to); math.Abs(got-test.want) > 2 {
			t.Errorf("%v to %v: got %.0f km, want %.0f", test.from, test.to, got, test.want)
		}
	}
}
