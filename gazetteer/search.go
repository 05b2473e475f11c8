package gazetteer

import (
	"math/bits"
	"strings"
)

// Search returns at most first cities for what has been typed of a name so far,
// best first: those that bear it as their primary name, those that bear it as
// another, those whose primary name begins with it, those with another name that
// does, and those with a later word that does; the most populous first among each.
// Each city comes once.
//
// Words after a comma narrow as they do in Find, and may be incomplete too:
// "portland, m". A country, in ISO 3166-1 alpha-2 and any case, keeps to that
// country; "" to none. The city Find finds by the same name comes first, unless the
// country leaves it out. A query of punctuation alone, or longer than 200
// characters, finds nothing, as does a first below one.
func (g *Gazetteer) Search(query string, first int, country string) []*City {
	if first <= 0 {
		return nil
	}
	p := page{g: g, first: first, seen: newSet(len(g.cities))}
	all := readings(query)
	fits := make([][]fit, len(all))
	country = strings.ToUpper(country)
	for i, r := range all {
		fits[i] = g.fits(r.where, country)
	}
	for _, pass := range passes {
		for i, r := range all {
			postings := g.names.exact(r.name)
			if pass.prefixes {
				postings = g.names.prefixed(r.name)
			}
			p.add(postings, fits[i], pass.worst, pass.kinds)
		}
	}
	return p.found
}

// passes are what a search looks for, in this order: a full name in a region named
// in full, which Find would find; a full name; the beginning of a name; the
// beginning of a later word.
var passes = [...]struct {
	prefixes bool
	worst    fit
	kinds    []kind
}{
	{false, inDivision, []kind{primary, alternate}},
	{false, begun, []kind{primary, alternate}},
	{true, begun, []kind{primary, alternate}},
	{true, begun, []kind{later}},
}

// fits returns how each division fits where, as far as it is in the country; nil
// when every division does.
func (g *Gazetteer) fits(where []string, country string) []fit {
	if len(where) == 0 && country == "" {
		return nil
	}
	fits := make([]fit, len(g.divisions))
	for i := range g.divisions {
		if d := &g.divisions[i]; country == "" || d.code == country {
			fits[i] = d.fit(where)
		} else {
			fits[i] = elsewhere
		}
	}
	return fits
}

// A page is the answer to a search while it is filled.
type page struct {
	g     *Gazetteer
	first int
	seen  set // the cities found
	found []*City
}

// add takes cities from postings until the page is full: by how they fit, down to
// the worst, then by kind, then by population. It sorts them through sets, because
// a single letter has ten thousand postings.
func (p *page) add(postings []posting, fits []fit, worst fit, kinds []kind) {
	if len(p.found) == p.first {
		return
	}
	var sets [elsewhere][later + 1]set
	for _, posting := range postings {
		city, f := posting.city(), inCountry
		if fits != nil {
			f = fits[p.g.within[city]]
		}
		if f > worst {
			continue
		}
		s := &sets[f][posting.kind()]
		if *s == nil {
			*s = newSet(len(p.g.cities))
		}
		s.add(city)
	}
	for f := range sets {
		for _, k := range kinds {
			for city := range sets[f][k].all {
				if p.seen.has(city) {
					continue
				}
				p.seen.add(city)
				p.found = append(p.found, &p.g.cities[city])
				if len(p.found) == p.first {
					return
				}
			}
		}
	}
}

// A set is a set of cities, a bit each.
type set []uint64

func newSet(size int) set { return make(set, (size+63)/64) }

func (s set) add(city int)      { s[city/64] |= 1 << (city % 64) }
func (s set) has(city int) bool { return s[city/64]&(1<<(city%64)) != 0 }

// all yields the cities in the set, most populous first.
func (s set) all(yield func(int) bool) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(i*64 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}
