package main

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// leastPopulation is how many people make a place a city here. A capital needs none.
const leastPopulation = 15_000

// The columns of GeoNames' table of places that are used.
const (
	colID         = 0
	colName       = 1
	colASCII      = 2
	colAlternates = 3
	colLatitude   = 4
	colLongitude  = 5
	colFeature    = 7
	colCountry    = 8
	colAdmin1     = 10
	colPopulation = 14
	colElevation  = 15
	colDEM        = 16 // a digital elevation model's height of the point
	colTimeZone   = 17
	colModified   = 18
	columns       = 19
)

// dropped are the features that are no city of their own: parts of a place, and
// places that are history, abandoned or destroyed.
var dropped = map[string]bool{"PPLX": true, "PPLH": true, "PPLCH": true, "PPLQ": true, "PPLW": true}

const capital = "PPLC"

// A place is one row that is kept.
type place struct {
	id, population      int
	name                string
	names               []string // the others, as written
	country, admin1     string
	latitude, longitude float64
	elevation           string // "" when unknown
	timeZone            string
}

// readPlaces returns the cities among the places in the package, most populous
// first, and the date the snapshot was taken: that of its last change.
func readPlaces(dir string) (places []place, snapshot string, err error) {
	f, err := os.Open(filepath.Join(dir, "dist", "cities500.txt")) //nolint:gosec // the file the builder names
	if err != nil {
		return nil, "", err
	}
	defer f.Close() //nolint:errcheck // read only
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		row := strings.Split(lines.Text(), "\t")
		if len(row) != columns {
			return nil, "", fmt.Errorf("%s line %d: %d columns instead of %d", f.Name(), number, len(row), columns)
		}
		snapshot = max(snapshot, row[colModified])
		p, err := newPlace(row)
		if err != nil {
			return nil, "", fmt.Errorf("%s line %d: %w", f.Name(), number, err)
		}
		if !dropped[row[colFeature]] && (p.population >= leastPopulation || row[colFeature] == capital) {
			places = append(places, p)
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.population, a.population), cmp.Compare(a.id, b.id))
	})
	return places, snapshot, lines.Err()
}

// newPlace reads a row, which it does not mend: a row that says something
// impossible stops the build, so that a person looks at it.
func newPlace(row []string) (place, error) {
	p := place{
		name:     row[colName],
		names:    append(strings.Split(row[colAlternates], ","), row[colASCII]),
		country:  row[colCountry],
		admin1:   row[colAdmin1],
		timeZone: row[colTimeZone],
	}
	var errs [5]error
	p.id, errs[0] = strconv.Atoi(row[colID])
	p.population, errs[1] = strconv.Atoi(row[colPopulation])
	p.latitude, errs[2] = strconv.ParseFloat(row[colLatitude], 64)
	p.longitude, errs[3] = strconv.ParseFloat(row[colLongitude], 64)
	p.elevation, errs[4] = elevation(row[colElevation], row[colDEM])
	for _, err := range errs {
		if err != nil {
			return place{}, err
		}
	}
	onGlobe := math.Abs(p.latitude) <= 90 && math.Abs(p.longitude) <= 180 // which NaN is not
	switch {
	case p.name == "" || p.country == "" || p.timeZone == "":
		return place{}, fmt.Errorf("place %d has no name, country or time zone", p.id)
	case !onGlobe:
		return place{}, fmt.Errorf("place %d lies at %g, %g", p.id, p.latitude, p.longitude)
	case strings.ContainsAny(p.name+p.country+p.admin1+p.timeZone, "\t\r\n"):
		return place{}, fmt.Errorf("place %d holds a control character", p.id)
	}
	return p, nil
}

// farOff is how many metres a stated elevation may be away from the model's. The
// few that are farther off are wrong by inspection: Baikonur does not lie at 730 m.
const farOff = 450

// unknown is how GeoNames writes that the model has no height for a point.
const unknown = -9999

// elevation returns the stated elevation when there is a credible one, or else the
// model's, or "".
func elevation(stated, model string) (string, error) {
	m, err := strconv.Atoi(model)
	if err != nil {
		return "", err
	}
	if stated == "" {
		if m == unknown {
			return "", nil
		}
		return model, nil
	}
	s, err := strconv.Atoi(stated)
	if err != nil {
		return "", err
	}
	if m != unknown && (s-m > farOff || m-s > farOff) {
		return model, nil
	}
	return stated, nil
}
