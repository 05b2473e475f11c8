package gazetteer

import (
	"slices"
	"strings"

	"barograph/gazetteer/internal/fold"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// A country is where a city is, under every name a client may narrow by.
type country struct {
	code, name string
	keys       []string // region keys
}

// A division is a country's first-level division, or the part of a country about
// whose division nothing is known.
type division struct {
	*country
	name string
	keys []string // region keys; none when the division is unknown
}

// A fit says how well a division answers to the words after a name's comma.
type fit uint8

const (
	inCountry  fit = iota // they name its country, or there are none
	inDivision            // they name the division
	begun                 // they begin a name of either
	elsewhere             // they name something else
)

// fit returns how well d answers to where, which holds region keys: none, a
// country or division, or a division and its country.
func (d *division) fit(where []string) fit {
	switch len(where) {
	case 0:
		return inCountry
	case 1:
		if slices.Contains(d.country.keys, where[0]) {
			return inCountry
		}
		if slices.Contains(d.keys, where[0]) {
			return inDivision
		}
		if begins(d.country.keys, where[0]) || begins(d.keys, where[0]) {
			return begun
		}
	case 2:
		if slices.Contains(d.keys, where[0]) {
			if slices.Contains(d.country.keys, where[1]) {
				return inDivision
			}
			if begins(d.country.keys, where[1]) {
				return begun
			}
		}
	}
	return elsewhere
}

// begins reports whether any of the keys has the prefix.
func begins(keys []string, prefix string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, prefix) })
}

// generic words say what a region is, not which: people leave them out as they
// like, as in "Lagos State", "Kyoto Prefecture" or "Republic of Ireland".
var generic = map[string]bool{
	"the": true, "of": true, "and": true, "city": true, "state": true, "province": true, "region": true,
	"county": true, "department": true, "district": true, "oblast": true, "governorate": true,
	"municipality": true, "prefecture": true, "parish": true, "republic": true,
}

// regionKey reduces the folded name of a country or division to what is compared:
// its words without the generic ones and without spaces, so that "D.C." is "DC".
func regionKey(folded string) string {
	words := strings.Fields(folded)
	telling := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return generic[w] })
	if len(telling) == 0 {
		telling = words
	}
	return strings.Join(telling, "")
}

// regionKeys returns the keys of the names, each once and none empty.
func regionKeys(names ...string) []string {
	keys := make([]string, 0, len(names))
	for _, name := range names {
		key := regionKey(fold.Name(name))
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return slices.Clip(keys)
}

// common holds the names countries go by beside their codes and the name Unicode
// lists them under.
var common = map[string][]string{
	"AE": {"UAE", "Emirates"},
	"BA": {"Bosnia"},
	"BQ": {"Bonaire"},
	"CD": {"DR Congo", "DRC", "Democratic Republic of the Congo", "Congo-Kinshasa"},
	"CG": {"Congo", "Congo-Brazzaville"},
	"CI": {"Ivory Coast"},
	"CV": {"Cabo Verde"},
	"CZ": {"Czech Republic"},
	"FK": {"Falklands"},
	"GB": {"UK", "Great Britain", "Britain"},
	"GM": {"Gambia"},
	"HK": {"Hong Kong"},
	"KR": {"Korea"},
	"MK": {"Macedonia"},
	"MM": {"Myanmar", "Burma"},
	"MO": {"Macao", "Macau"},
	"NL": {"Holland"},
	"PS": {"Palestine"},
	"RU": {"Russian Federation"},
	"SZ": {"Swaziland"},
	"TL": {"East Timor"},
	"TR": {"Turkey", "Türkiye"},
	"US": {"America", "United States of America"},
	"VA": {"Vatican", "Holy See"},
}

// newCountry returns the country with an ISO 3166-1 alpha-2 code.
func newCountry(code string) (*country, error) {
	region, err := language.ParseRegion(code)
	if err != nil {
		return nil, err
	}
	name := display.English.Regions().Name(region)
	names := []string{code, region.ISO3(), name, strings.Replace(name, "St.", "Saint", 1)}
	return &country{code: code, name: name, keys: regionKeys(append(names, common[code]...)...)}, nil
}
