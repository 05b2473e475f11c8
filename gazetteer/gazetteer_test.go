package gazetteer_test

import (
	"compress/gzip"
	"io"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the zones the binary brings along

	"barograph/gazetteer"
	"barograph/gazetteer/internal/fold"
)

func TestOpenDecodesOnceForEveryone(t *testing.T) {
	t.Parallel()
	var got [8]*gazetteer.Gazetteer
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			g, err := gazetteer.Open()
			if err != nil {
				t.Error(err)
			}
			g.Find("Oslo")
			g.Search("os", 3, "")
			g.Nearest(59.9, 10.7)
			got[i] = g
		})
	}
	all.Wait()
	for _, g := range got[1:] {
		if g != got[0] {
			t.Fatal("two calls opened two gazetteers")
		}
	}
}

func TestEveryCityIsWhole(t *testing.T) {
	t.Parallel()
	g := open(t)
	zones := map[string]bool{}
	highest, lowest := 0.0, 0.0
	unknown := 0
	for _, c := range every(t, g) {
		if c.Name == "" || len(c.Country) != 2 || c.CountryName == "" || c.CountryName == c.Country {
			t.Errorf("%+v lacks a name or a country", c)
		}
		if !c.HasElevation {
			unknown++
		}
		highest, lowest = max(highest, c.Elevation), min(lowest, c.Elevation)
		zones[c.TimeZone] = true
	}
	if highest > 5200 || lowest < -430 || unknown > 20 {
		t.Errorf("elevations from %g to %g m, %d unknown; no city lies there", lowest, highest, unknown)
	}
	for zone := range zones {
		if _, err := time.LoadLocation(zone); err != nil || zone == "" {
			t.Errorf("zone %q: %v", zone, err)
		}
	}
	if len(zones) < 350 {
		t.Errorf("got %d zones, want the world's 350 and more", len(zones))
	}
}

func TestEveryCityIsFoundByItsKeyAndLabel(t *testing.T) {
	t.Parallel()
	g := open(t)
	labels := map[string]*gazetteer.City{} // the most populous city of each folded label
	cities := every(t, g)
	for _, c := range cities {
		label := fold.Name(c.Label())
		if first, ok := labels[label]; !ok || first.Population < c.Population {
			labels[label] = c
		}
	}
	for _, c := range cities {
		if got, ok := g.Find(c.Key()); !ok || got != c {
			t.Errorf("Find(%q) got %v, want %v", c.Key(), got, c)
		}
		got, ok := g.Find(c.Label())
		want := labels[fold.Name(c.Label())]
		if !ok || got != want && (got.Population != want.Population || got.Label() != want.Label()) {
			t.Errorf("Find(%q) got %+v, want %+v", c.Label(), got, want)
		}
		if got := g.Nearest(c.Latitude, c.Longitude); got.Latitude != c.Latitude || got.Longitude != c.Longitude {
			t.Errorf("nearest to %s is %s", c.Label(), got.Label())
		}
	}
}

func TestEveryNameFindsItsBestBearer(t *testing.T) {
	t.Parallel()
	g := open(t)
	// The rows are in order of population, so that the first to bear a name is best.
	primary, alternate := map[string]string{}, map[string]string{}
	bear := func(names map[string]string, name, id string) {
		if _, taken := names[name]; !taken && name != "" {
			names[name] = id
		}
	}
	for _, row := range rows(t) {
		for _, name := range append(strings.Split(row[1], "/"), row[1]) {
			bear(primary, fold.Name(name), row[0])
		}
		for name := range strings.SplitSeq(row[9], ",") {
			if again := fold.Name(name); again != name {
				t.Fatalf("the data holds %q, which folds to %q: build it again", name, again)
			}
			bear(alternate, name, row[0])
		}
	}
	maps.Copy(alternate, primary)
	if len(alternate) < 120_000 {
		t.Errorf("got %d names, want 120 000 and more", len(alternate))
	}
	for name, id := range alternate {
		if c, ok := g.Find(name); !ok || c.Key() != "City:"+id {
			t.Errorf("Find(%q) got %q, want City:%s", name, label(c), id)
		}
	}
}

func TestParseKeyTakesOnlyWhatKeyWrites(t *testing.T) {
	t.Parallel()
	if id, ok := gazetteer.ParseKey("City:5128581"); !ok || id != 5128581 {
		t.Errorf("got %d, %t, want 5128581, true", id, ok)
	}
	for _, s := range []string{
		"", "City:", "City:0", "City:-1", "City:+1", "City:01", "City: 1", "City:1 ", "city:1", "1", "City:1.0",
		"City:1_000", "City:١", "City:99999999999999999999", "Town:1",
	} {
		if id, ok := gazetteer.ParseKey(s); ok {
			t.Errorf("ParseKey(%q) got %d, want none", s, id)
		}
	}
}

func TestCityKnowsOnlyIDsItHas(t *testing.T) {
	t.Parallel()
	for _, id := range []int{0, -1, 1, 1 << 62} {
		if c, ok := open(t).City(id); ok || c != nil {
			t.Errorf("City(%d) got %v, want none", id, c)
		}
	}
}

// rows returns the embedded cities' rows, split.
func rows(t *testing.T) [][]string {
	t.Helper()
	f, err := os.Open("cities.tsv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	unzip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzip)
	if err != nil {
		t.Fatal(err)
	}
	_, cities, _ := strings.Cut(string(text), "\n\n")
	var all [][]string
	for line := range strings.Lines(cities) {
		all = append(all, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	if len(all) < 25_000 {
		t.Fatalf("got %d cities, want 25 000 and more", len(all))
	}
	return all
}

// every returns every city, looked up by its id.
func every(t *testing.T, g *gazetteer.Gazetteer) []*gazetteer.City {
	t.Helper()
	var all []*gazetteer.City
	for _, row := range rows(t) {
		id, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		c, ok := g.City(id)
		if !ok || c.ID != id {
			t.Fatalf("City(%d) got %v", id, c)
		}
		all = append(all, c)
	}
	return all
}
