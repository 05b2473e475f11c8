package gazetteer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"barograph/gazetteer"
)

func TestFind(t *testing.T) {
	t.Parallel()
	g := open(t)
	for _, test := range []struct{ name, want, reason string }{
		{"Mumbai", "Mumbai, Maharashtra, IN", "the primary name"},
		{"Bombay", "Mumbai, Maharashtra, IN", "another name"},
		{"  mUMBAI ", "Mumbai, Maharashtra, IN", "case and space do not matter"},
		{"München", "Munich, Bavaria, DE", "the local name"},
		{"Mu\u0308nchen", "Munich, Bavaria, DE", "an accent may be a character of its own"},
		{"munchen", "Munich, Bavaria, DE", "accents do not matter"},
		{"muenchen", "Munich, Bavaria, DE", "as Germans write it without umlauts"},
		{"köln", "Köln, North Rhine-Westphalia, DE", "folded"},
		{"peking", "Beijing, Beijing, CN", "an older name"},
		{"wien", "Vienna, Vienna, AT", "the local name"},
		{"zurich", "Zürich, Zurich, CH", "folded"},
		{"Łódź", "Łódź, Łódź Voivodeship, PL", "a letter Unicode does not take apart"},
		{"lodz", "Łódź, Łódź Voivodeship, PL", "the same in ASCII"},
		{"ＬＯＮＤＯＮ", "London, England, GB", "full-width letters"},
		{"NYC", "New York City, New York, US", "an abbreviation"},
		{"new york", "New York City, New York, US", "another name, and no city bears it as its first"},
		{"Xian", "Xi’an, Shaanxi, CN", "apostrophes do not matter"},
		{"Saint-Denis", "Saint-Denis, Reunion, RE", "the primary name of several: the most populous"},
		{"saint denis", "Saint-Denis, Reunion, RE", "punctuation is space"},
		{"San Sebastián", "Donostia / San Sebastián, Basque Country, ES", "either side of a slash is a primary name"},
		{"Springfield", "Springfield, Missouri, US", "the most populous of many"},
		{"Canton", "Canton, Michigan, US", "a primary name before a greater city's other name"},
		{"london", "London, England, GB", "not one of its boroughs"},
		{"Mianzhu, Deyang, Sichuan", "Mianzhu, Deyang, Sichuan, Sichuan, CN", "a name with commas in it"},
		{"City:5128581", "New York City, New York, US", "the text id"},
		{"London\xf0", "London, England, GB", "a character cut off counts as punctuation"},
		{"London" + strings.Repeat("、", 194), "London, England, GB", "200 characters, in three times the bytes"},

		{"London, CA", "London, Ontario, CA", "a country is tried before a division"},
		{"London, ca", "London, Ontario, CA", "codes in any case"},
		{"London, Canada", "London, Ontario, CA", "a country by name"},
		{"London, Can", "London, Ontario, CA", "a country by its three letters"},
		{"London, Ontario", "London, Ontario, CA", "a division by name"},
		{"London, ON", "London, Ontario, CA", "a division as in addresses"},
		{"London, ON, Canada", "London, Ontario, CA", "both"},
		{"London, UK", "London, England, GB", "a country by what people call it"},
		{"London, England, UK", "London, England, GB", "both"},
		{"Portland", "Portland, Oregon, US", "the most populous"},
		{"Portland, Maine", "Portland, Maine, US", "a division"},
		{"Portland, ME", "Portland, Maine, US", "a division by code, though ME is also Montenegro"},
		{"Portland, Maine, US", "Portland, Maine, US", "both"},
		{"Portland,me,usa", "Portland, Maine, US", "without spaces"},
		{"Portland，Maine", "Portland, Maine, US", "a full-width comma"},
		{"Portland, Maine,", "Portland, Maine, US", "a comma too many"},
		{"Los Angeles, CA", "Los Angeles, California, US", "no Los Angeles in Canada, so California"},
		{"Los Angeles, CA, USA", "Los Angeles, California, US", "both"},
		{"Springfield, Illinois", "Springfield, Illinois, US", "a division"},
		{"Springfield, U.S.A.", "Springfield, Missouri, US", "an abbreviation with stops"},
		{"Paris, France", "Paris, Île-de-France, FR", "a country"},
		{"Paris, TX", "Paris, Texas, US", "a division by code"},
		{"Washington, D.C.", "Washington, District of Columbia, US", "a code with stops"},
		{"Rome, Georgia", "Rome, Georgia, US", "no Rome in the country of Georgia"},
		{"Tbilisi, Georgia", "Tbilisi, Tbilisi, GE", "the country of Georgia"},
		{"Salem, IN", "Salem, Tamil Nadu, IN", "India before Indiana"},
		{"Columbus, IN", "Columbus, Indiana, US", "no Columbus in India"},
		{"Berlin, Berlin, Germany", "Berlin, State of Berlin, DE", "a division without saying that it is a state"},
		{"Kyoto, Kyoto Prefecture", "Kyoto, Kyoto, JP", "a division saying that it is a prefecture"},
		{"Dublin, Republic of Ireland", "Dublin, Leinster, IE", "a country saying that it is a republic"},
		{"Bombay, India", "Mumbai, Maharashtra, IN", "another name and a country"},
		{"Bridgetown, OR", "Portland, Oregon, US", "another name and a division"},
		{"Sarajevo, Bosnia and Herzegovina", "Sarajevo, Federation of B&H, BA", "and for &"},
		{"Castries, Saint Lucia", "Castries, Castries, LC", "saint for st."},
		{"Praha, Czech Republic", "Prague, Prague, CZ", "a country's former name"},
		{"Pristina, Kosovo", "Pristina, Pristina, XK", "a country with a code of its own making"},
		{"Hanoi, Vietnam", "Hanoi, Hanoi, VN", "a division that was redrawn"},
	} {
		c, ok := g.Find(test.name)
		if got := label(c); !ok || got != test.want {
			t.Errorf("Find(%q) got %q, want %q: %s", test.name, got, test.want, test.reason)
		}
	}
}

func TestFindKnowsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	g := open(t)
	for name, reason := range map[string]string{
		"":                                  "empty",
		" ,;., ":                            "punctuation",
		"\xff\xfe\x00":                      "not UTF-8",
		"Barograph":                         "nobody's name",
		"Mumb":                              "a beginning is no name",
		"York City":                         "the end of a name is no name",
		"London, FR":                        "no London in France",
		"London, Barograph":                 "nobody's region",
		"London, Ontario, US":               "a division of another country",
		"London, GB, England":               "the wrong way round",
		"London, Cana":                      "the beginning of a country's name is no name",
		", GB":                              "a region alone",
		"City:1":                            "an id nobody has",
		"City:99999999999999999999":         "an id nobody can have",
		"London" + strings.Repeat(" ", 195): "201 characters",
		strings.Repeat("a", 1<<20):          "a megabyte",
		strings.Repeat(",", 200):            "commas",
		strings.Repeat("a,", 100):           "a hundred parts",
		strings.Repeat("\u0301", 200):       "accents on nothing",
		strings.Repeat("\ufdfa", 200):       "a character that folds to eighteen",
		"l\u200bondon":                      "an invisible space",
	} {
		if c, ok := g.Find(name); ok || c != nil {
			t.Errorf("Find(%.40q) got %q, want none: %s", name, label(c), reason)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"London, CA", "München", "City:5128581", ",,,", "\xff, \u0301", "Washington, D.C., US"} {
		f.Add(seed)
	}
	g := open(f)
	f.Fuzz(func(t *testing.T, name string) {
		began := time.Now()
		c, ok := g.Find(name)
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
		if ok != (c != nil) {
			t.Fatalf("got %v, %t", c, ok)
		}
		if !ok {
			return
		}
		if utf8.RuneCountInString(name) > 200 {
			t.Errorf("found %s by %d characters", c.Label(), utf8.RuneCountInString(name))
		}
		if strings.HasPrefix(name, "City:") {
			return
		}
		if first := g.Search(name, 1, ""); len(first) != 1 || first[0] != c {
			t.Errorf("found %s, but a search's first is %v", c.Label(), first)
		}
	})
}

func ExampleGazetteer_Find() {
	g, err := gazetteer.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"bombay", "London, CA", "Portland, Maine, US"} {
		if c, ok := g.Find(name); ok {
			fmt.Println(c.Label(), c.TimeZone)
		}
	}
	// Output:
	// Mumbai, Maharashtra, IN Asia/Kolkata
	// London, Ontario, CA America/Toronto
	// Portland, Maine, US America/New_York
}

// label returns c's label, or nothing for no city.
func label(c *gazetteer.City) string {
	if c == nil {
		return ""
	}
	return c.Label()
}
