package gazetteer

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"barograph/gazetteer/internal/fold"
)

// format is the first word of the data, to be changed with what follows it.
const format = "gazetteer/1"

// room is what the embedded data fills most of, once decompressed.
const room = 4 << 20

// The columns of a city's row.
const (
	colID = iota
	colName
	colCountry
	colDivision // the GeoNames code of its first-level division
	colLatitude
	colLongitude
	colElevation // empty when unknown
	colPopulation
	colTimeZone
	colAlternates // folded, separated by commas
	columns
)

// Read returns the gazetteer in r, in the compressed format that gazetteer/build
// writes: a line about the data, a row a division, an empty line, and a row a city
// in order of population. It fails when r does or holds anything else.
func Read(r io.Reader) (*Gazetteer, error) {
	unzip, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("read a gazetteer: %w", err)
	}
	var text strings.Builder
	text.Grow(room)
	if _, err := io.Copy(&text, unzip); err != nil { //nolint:gosec // our own data, not a client's
		return nil, fmt.Errorf("read a gazetteer: %w", err)
	}
	g, err := parse(text.String())
	if err != nil {
		return nil, fmt.Errorf("read a gazetteer: %w", err)
	}
	return g, nil
}

// parse reads the data. Every string of the gazetteer is a part of text, or small.
func parse(text string) (*Gazetteer, error) {
	about, text, _ := strings.Cut(text, "\n")
	if word, _, _ := strings.Cut(about, "\t"); word != format {
		return nil, fmt.Errorf("the format is %.20q, not %q", word, format)
	}
	regions, rows, ok := strings.Cut(text, "\n\n")
	if !ok || rows == "" {
		return nil, errors.New("there are no cities")
	}
	p := newParser(strings.Count(rows, "\n"))
	for line := range strings.SplitSeq(regions, "\n") {
		if err := p.division(line); err != nil {
			return nil, fmt.Errorf("division %.60q: %w", line, err)
		}
	}
	for line := range strings.Lines(rows) {
		if err := p.city(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("city %.60q: %w", line, err)
		}
	}
	g := p.Gazetteer
	for i := range g.cities {
		g.byID[g.cities[i].ID] = &g.cities[i]
	}
	if len(g.byID) < len(g.cities) {
		return nil, errors.New("two cities have the same id")
	}
	g.names = newIndex(p.entries)
	g.globe = newGlobe(g.cities)
	return g, nil
}

// A parser is a gazetteer while its rows are read.
type parser struct {
	*Gazetteer
	countries map[string]*country
	numbers   map[string]uint16 // a division's place in divisions, by country and code
	entries   []entry
}

func newParser(cities int) *parser {
	return &parser{
		Gazetteer: &Gazetteer{
			cities: make([]City, 0, cities),
			within: make([]uint16, 0, cities),
			byID:   make(map[int]*City, cities),
		},
		countries: map[string]*country{},
		numbers:   map[string]uint16{},
		entries:   make([]entry, 0, cities*7),
	}
}

// division reads a division's row: country and code, name, and the abbreviation
// used in addresses, if any.
func (p *parser) division(line string) error {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 {
		return fmt.Errorf("%d columns instead of 3", len(fields))
	}
	code, name, postal := fields[0], fields[1], fields[2]
	in, short, ok := strings.Cut(code, ".")
	if !ok {
		return errors.New("no country")
	}
	_, err := p.add(code, in, name, regionKeys(name, short, postal))
	return err
}

// add adds a division and returns its number.
func (p *parser) add(code, in, name string, keys []string) (uint16, error) {
	c, ok := p.countries[in]
	if !ok {
		var err error
		if c, err = newCountry(in); err != nil {
			return 0, fmt.Errorf("country %.10q: %w", in, err)
		}
		p.countries[in] = c
	}
	number := uint16(len(p.divisions)) //nolint:gosec // checked below
	if int(number) != len(p.divisions) {
		return 0, errors.New("too many divisions")
	}
	p.numbers[code] = number
	p.divisions = append(p.divisions, division{country: c, name: name, keys: keys})
	return number, nil
}

// city reads a city's row.
func (p *parser) city(line string) error {
	var f [columns]string
	for i := range f[:columns-1] {
		var ok bool
		if f[i], line, ok = strings.Cut(line, "\t"); !ok {
			return fmt.Errorf("%d columns instead of %d", i+1, columns)
		}
	}
	f[colAlternates] = line
	number, err := p.divisionOf(f[colCountry], f[colDivision])
	if err != nil {
		return err
	}
	d := p.divisions[number]
	c := City{
		Name: f[colName], Admin1: d.name, Country: d.code, CountryName: d.country.name,
		HasElevation: f[colElevation] != "", TimeZone: f[colTimeZone],
	}
	if err := c.readNumbers(&f); err != nil {
		return err
	}
	if n := len(p.cities); n > 0 && p.cities[n-1].Population < c.Population {
		return errors.New("more populous than the city before it")
	}
	p.name(c.Name, f[colAlternates])
	p.cities = append(p.cities, c)
	p.within = append(p.within, number)
	return nil
}

// divisionOf returns the number of the division, or of the country's unknown one.
func (p *parser) divisionOf(in, code string) (uint16, error) {
	full := in
	if code != "" {
		full = in + "." + code
	}
	if number, ok := p.numbers[full]; ok {
		return number, nil
	}
	if code != "" {
		return 0, fmt.Errorf("unlisted division %.20q", full)
	}
	return p.add(full, in, "", nil)
}

// name indexes the names of the city that comes next.
func (p *parser) name(name, alternates string) {
	city := len(p.cities)
	folded := fold.Name(name)
	p.entries = append(p.entries, newEntry(folded, primary, city))
	// "Donostia / San Sebastián" goes by either.
	if strings.Contains(name, "/") {
		for one := range strings.SplitSeq(name, "/") {
			p.entries = append(p.entries, newEntry(fold.Name(one), primary, city))
		}
	}
	for i, r := range folded {
		if r == ' ' {
			p.entries = append(p.entries, newEntry(folded[i+1:], later, city))
		}
	}
	if alternates == "" {
		return
	}
	for a := range strings.SplitSeq(alternates, ",") {
		p.entries = append(p.entries, newEntry(a, alternate, city))
	}
}

// readNumbers reads the city's numbers from its row, and refuses a point off the globe.
func (c *City) readNumbers(f *[columns]string) error {
	var errs [5]error
	c.ID, errs[0] = strconv.Atoi(f[colID])
	c.Population, errs[1] = strconv.Atoi(f[colPopulation])
	c.Latitude, errs[2] = strconv.ParseFloat(f[colLatitude], 64)
	c.Longitude, errs[3] = strconv.ParseFloat(f[colLongitude], 64)
	if c.HasElevation {
		c.Elevation, errs[4] = strconv.ParseFloat(f[colElevation], 64)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	onGlobe := math.Abs(c.Latitude) <= 90 && math.Abs(c.Longitude) <= 180 // which NaN is not
	if !onGlobe {
		return fmt.Errorf("no such point: %g, %g", c.Latitude, c.Longitude)
	}
	return nil
}
