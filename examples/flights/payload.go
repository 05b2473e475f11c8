package main

import (
	"fmt"
	"strings"
)

// A payload is what is submitted of a flight.
type payload struct {
	ID string `json:"id"`
	flight
	LeftFrom string `json:"leftFrom"` // the city of its origin, by a name that the gateway knows
}

// join makes the payloads of the flights: each gets an id and the city of its origin.
func join(flights []flight, homes map[string]home) ([]payload, error) {
	payloads := make([]payload, len(flights))
	for i, id := range ids(flights) {
		f := flights[i]
		h, ok := homes[f.Origin]
		if !ok {
			return nil, fmt.Errorf("no city is known for airport %s", f.Origin)
		}
		payloads[i] = payload{ID: id, flight: f, LeftFrom: h.name}
	}
	return payloads, nil
}

// ids returns an id for each flight, made from all its fields and nothing else:
// the same flights get the same ids on every run, in whatever order they come. Of
// flights that share every field the second gets "#2" after its id, the third
// "#3", and so on; as they are equal, it does not matter which is which.
func ids(flights []flight) []string {
	seen := make(map[string]int, len(flights))
	all := make([]string, len(flights))
	for i, f := range flights {
		date := strings.NewReplacer("/", "-", " ", "T").Replace(f.Date)
		id := fmt.Sprintf("%s-%s/%s/%d/%d", f.Origin, f.Destination, date, f.Distance, f.Delay)
		seen[id]++
		if n := seen[id]; n > 1 {
			id = fmt.Sprintf("%s#%d", id, n)
		}
		all[i] = id
	}
	return all
}
