package main

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestIDsAreTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	flights, _ := testData(t)
	forward := ids(flights)
	slices.Reverse(flights)
	backward := ids(flights)
	slices.Sort(forward)
	slices.Sort(backward)
	if !slices.Equal(forward, backward) {
		t.Errorf("got %v, and %v from the other end", forward, backward)
	}
}

func TestIDsTellFlightsApart(t *testing.T) {
	t.Parallel()
	flights, _ := testData(t)
	f := flights[2]
	similar := []flight{f, f, f, f, f, f, f, f}
	similar[1].Date = "2001/01/03 21:43"
	similar[2].Delay = -36
	similar[3].Distance = 1173
	similar[4].Origin = "DAL"
	similar[5].Destination = "DCA"
	want := []string{
		"DFW-IAD/2001-01-03T21:42/1172/36",
		"DFW-IAD/2001-01-03T21:43/1172/36",
		"DFW-IAD/2001-01-03T21:42/1172/-36",
		"DFW-IAD/2001-01-03T21:42/1173/36",
		"DAL-IAD/2001-01-03T21:42/1172/36",
		"DFW-DCA/2001-01-03T21:42/1172/36",
		"DFW-IAD/2001-01-03T21:42/1172/36#2", // equal to the first in every field
		"DFW-IAD/2001-01-03T21:42/1172/36#3",
	}
	if got := ids(similar); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJoinGivesEachFlightItsCity(t *testing.T) {
	t.Parallel()
	flights, _ := testData(t)
	flights = flights[:1]
	homes := map[string]home{"LAX": {candidate: candidate{name: "Los Angeles, CA, US"}}}
	payloads, err := join(flights, homes)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(payloads)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"id":"LAX-BNA/2001-01-01T06:55/1797/-19","date":"2001/01/01 06:55","delay":-19,"distance":1797,` +
		`"origin":"LAX","destination":"BNA","leftFrom":"Los Angeles, CA, US"}]`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := join(flights, nil); err == nil {
		t.Error("got no error for an airport without a city")
	}
}
