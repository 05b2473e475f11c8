package gazetteer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"barograph/gazetteer"
)

func TestSearchPutsTheBestFirst(t *testing.T) {
	t.Parallel()
	g := open(t)
	for _, test := range []struct {
		query, country string
		want           []string
		reason         string
	}{
		{"san fr", "", []string{"San Francisco, California, US"}, "a beginning"},
		{"SAN  FR", "", []string{"San Francisco, California, US"}, "folded"},
		{"münch", "", []string{"Munich, Bavaria, DE"}, "the beginning of another name"},
		{"s", "", []string{"Shanghai, Shanghai, CN", "Shenzhen, Guangdong, CN", "São Paulo, São Paulo, BR"}, "one letter: by population"},
		{"lon", "", []string{"London, England, GB"}, "an airport's code is another name in full"},
		{"new york", "", []string{"New York City, New York, US"}, "another name in full"},
		{"york", "", []string{"York, England, GB", "York, Pennsylvania, US"}, "the name in full, before a beginning and a later word"},
		{"portland", "", []string{"Portland, Oregon, US", "Portland, Maine, US", "Portland, Texas, US"}, "namesakes by population"},
		{"portland, m", "", []string{"Portland, Maine, US"}, "the beginning of a division"},
		{"portland, maine, u", "", []string{"Portland, Maine, US"}, "the beginning of a country after a division"},
		{"london, c", "", []string{"London, Ontario, CA"}, "the beginning of a country"},
		{"london, ca", "", []string{"London, Ontario, CA"}, "as Find"},
		{"lond, eng", "", []string{"London, England, GB"}, "both begun"},
		{"mianzhu, dey", "", []string{"Mianzhu, Deyang, Sichuan, Sichuan, CN"}, "a name with commas in it"},
		{"london", "ca", []string{"London, Ontario, CA"}, "a country to keep to"},
		{"lon", "CA", []string{"London, Ontario, CA"}, "an upper-case one"},
		{"portland,", "", []string{"Portland, Oregon, US"}, "a comma with nothing after it yet"},
	} {
		got := labels(g.Search(test.query, len(test.want), test.country))
		if !slices.Equal(got, test.want) {
			t.Errorf("Search(%q, %q) got %q, want %q: %s", test.query, test.country, got, test.want, test.reason)
		}
	}
}

func TestSearchFindsLaterWords(t *testing.T) {
	t.Parallel()
	if got := labels(open(t).Search("york", 20, "US")); !slices.Contains(got, "New York City, New York, US") {
		t.Errorf("got %q, want New York City among them", got)
	}
}

func TestSearchOfNothingFindsNothing(t *testing.T) {
	t.Parallel()
	g := open(t)
	for _, test := range []struct {
		query   string
		first   int
		country string
	}{
		{"", 10, ""},
		{" , ", 10, ""},
		{"\xff", 10, ""},
		{"london", 0, ""},
		{"london", -1, ""},
		{"london", 10, "FR"},
		{"london", 10, "ZZ"},
		{"london", 10, "canada"},
		{"london, xyz", 10, ""},
		{"qqqq", 10, ""},
		{strings.Repeat("a", 201), 10, ""},
	} {
		if got := g.Search(test.query, test.first, test.country); len(got) != 0 {
			t.Errorf("Search(%.20q, %d, %q) got %q, want none", test.query, test.first, test.country, labels(got))
		}
	}
}

func TestSearchGivesEachCityOnceHoweverManyAreAsked(t *testing.T) {
	t.Parallel()
	g := open(t)
	for _, query := range []string{"s", "sa", "a, u", "l"} {
		all := g.Search(query, 1<<30, "")
		if len(all) < 100 {
			t.Errorf("Search(%q) got %d cities, want hundreds", query, len(all))
		}
		seen := map[int]bool{}
		for _, c := range all {
			if seen[c.ID] {
				t.Errorf("Search(%q) got %s twice", query, c.Label())
			}
			seen[c.ID] = true
		}
		if page := g.Search(query, 7, ""); !slices.Equal(page, all[:7]) {
			t.Errorf("Search(%q) got %q for seven, want the first of all: %q", query, labels(page), labels(all[:7]))
		}
		usa := slices.DeleteFunc(slices.Clone(all), func(c *gazetteer.City) bool { return c.Country != "US" })
		if got := g.Search(query, 1<<30, "us"); !slices.Equal(got, usa) {
			t.Errorf("Search(%q) in one country got %d cities, want the %d among all", query, len(got), len(usa))
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add("portland, m", 3, "US")
	f.Add("s", 1000, "")
	f.Add("\xff,\u0301", 1, "ca")
	f.Add("a, b, c, d", -1, "\x00")
	g := open(f)
	f.Fuzz(func(t *testing.T, query string, first int, country string) {
		first = min(first, 1000)
		began := time.Now()
		got := g.Search(query, first, country)
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
		if len(got) > max(first, 0) || utf8.RuneCountInString(query) > 200 && len(got) > 0 {
			t.Errorf("got %d cities of %d", len(got), first)
		}
		seen := map[*gazetteer.City]bool{}
		for _, c := range got {
			if seen[c] || country != "" && !strings.EqualFold(c.Country, country) {
				t.Errorf("got %s, again or out of %q", c.Label(), country)
			}
			seen[c] = true
		}
	})
}

func ExampleGazetteer_Search() {
	g, err := gazetteer.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range g.Search("san fr", 2, "") {
		fmt.Println(c.Key(), c.Label())
	}
	// Output:
	// City:5391959 San Francisco, California, US
	// City:3493146 San Francisco de Macorís, Duarte Province, DO
}

func labels(cities []*gazetteer.City) []string {
	all := make([]string, len(cities))
	for i, c := range cities {
		all[i] = c.Label()
	}
	return all
}
