package gazetteer

// Find returns the city that goes by the name, whatever its case, accents and
// punctuation, in any language written in Latin letters: "Mumbai", "bombay",
// "München", "muenchen". Where several do, one whose primary name it is wins, then
// the most populous.
//
// Words after a comma say where: a country by code or name, or a first-level
// division by name or postal code, or a division and then its country. A country
// is tried first: "London, CA" is in Canada, "Portland, ME" in Maine, and
// "Portland, Maine, US" too. Find also accepts a city's Key.
//
// A name nobody bears is not found, nor is one longer than 200 characters.
func (g *Gazetteer) Find(name string) (*City, bool) {
	if id, ok := ParseKey(name); ok {
		return g.City(id)
	}
	for _, r := range readings(name) {
		if c, ok := g.find(r); ok {
			return c, true
		}
	}
	return nil, false
}

// find returns the best city that goes by exactly the name of r and is where r
// says: by fit, then primary name, then population.
func (g *Gazetteer) find(r reading) (*City, bool) {
	best, bestFit := posting(0), begun
	for _, p := range g.names.exact(r.name) {
		if p.kind() == later {
			continue
		}
		// Postings come best first, so that only a better fit can displace one.
		if f := g.divisions[g.within[p.city()]].fit(r.where); f < bestFit {
			best, bestFit = p, f
		}
	}
	if bestFit == begun {
		return nil, false
	}
	return &g.cities[best.city()], true
}
