// Package gazetteer knows the world's cities: those with at least 15 000
// inhabitants, and the capitals. It finds a city by any name it goes by, completes
// names as one types, and says which city is nearest to a point; each city brings
// its coordinates, elevation and time zone. The data is embedded, so that nothing
// here needs a network. Weather, and what a client may see of a failure, are left
// to others.
//
// The data is from GeoNames (www.geonames.org), licensed under Creative Commons
// Attribution 4.0; README.md says how it was selected and how to build it again.
package gazetteer

import (
	_ "embed" // for the cities
	"fmt"
	"strings"
	"sync"
)

//go:embed cities.tsv.gz
var embedded string

// A Gazetteer is a set of cities, most populous first, with what is needed to
// look them up. Nothing changes it, so that it is safe for concurrent use.
type Gazetteer struct {
	cities    []City
	within    []uint16 // each city's division, as an index into divisions
	divisions []division
	byID      map[int]*City
	names     index
	globe     globe
}

// Open returns the embedded gazetteer. The first call decodes it, which takes
// some tens of milliseconds; later calls return the same one. It is safe for
// concurrent use.
func Open() (*Gazetteer, error) { return shared() }

var shared = sync.OnceValues(func() (*Gazetteer, error) {
	g, err := Read(strings.NewReader(embedded))
	if err != nil {
		return nil, fmt.Errorf("open the embedded gazetteer: %w", err)
	}
	return g, nil
})

// City returns the city with the GeoNames id.
func (g *Gazetteer) City(id int) (*City, bool) {
	c, ok := g.byID[id]
	return c, ok
}
