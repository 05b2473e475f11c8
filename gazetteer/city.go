package gazetteer

import (
	"strconv"
	"strings"
)

// A City is a place people live in, from GeoNames. The gazetteer shares its
// cities with everyone who asks; they must not be changed.
type City struct {
	ID                  int    // GeoNames id
	Name                string // as GeoNames spells it: in English where there is an English name
	Admin1              string // the first-level division's name, "" when unknown
	Country             string // ISO 3166-1 alpha-2
	CountryName         string // in English
	Latitude, Longitude float64
	Elevation           float64 // metres above the sea, 0 when HasElevation is false
	HasElevation        bool
	Population          int
	TimeZone            string // IANA
}

const keyPrefix = "City:"

// Key returns the city's text id, such as "City:5128581". It never changes, and
// Find accepts it.
func (c *City) Key() string { return keyPrefix + strconv.Itoa(c.ID) }

// ParseKey returns the GeoNames id in a text id, and whether s is one exactly as
// Key writes it. No city needs to have the id.
func ParseKey(s string) (id int, ok bool) {
	digits, ok := strings.CutPrefix(s, keyPrefix)
	if !ok {
		return 0, false
	}
	id, err := strconv.Atoi(digits)
	if err != nil || id <= 0 || strconv.Itoa(id) != digits {
		return 0, false
	}
	return id, true
}

// Label returns the city's name with enough of its place to tell it from most of
// its namesakes: "Portland, Maine, US", or "Monaco, MC" where no division is known.
func (c *City) Label() string {
	if c.Admin1 == "" {
		return c.Name + ", " + c.Country
	}
	return c.Name + ", " + c.Admin1 + ", " + c.Country
}

// Division returns the first-level division's name, and false if it is unknown.
func (c *City) Division() (string, bool) { return c.Admin1, c.Admin1 != "" }

// Altitude returns the metres above the sea, and false if they are unknown.
func (c *City) Altitude() (float64, bool) { return c.Elevation, c.HasElevation }
