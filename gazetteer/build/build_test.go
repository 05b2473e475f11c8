package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"barograph/gazetteer"
)

// A row is what a test says of a place; the rest is made up.
type row struct {
	id, name, others, latitude, longitude, feature, country, admin1, population, elevation, dem string
}

func (r row) String() string {
	return strings.Join([]string{
		r.id, r.name, "Ascii " + r.id, r.others, r.latitude, r.longitude, "P", r.feature, r.country, "", r.admin1,
		"", "", "", r.population, r.elevation, r.dem, "Europe/Oslo", "2020-01-0" + r.id,
	}, "\t")
}

var places = []row{
	{"1", "Smallest", "", "60", "10", "PPL", "NO", "01", "15000", "", "7"},
	{"2", "Større", "Größer,Больше,Størst,Større,N", "61", "11", "PPL", "NO", "01", "20000", "12", "14"},
	{"3", "Too small", "", "62", "12", "PPL", "NO", "01", "14999", "", "7"},
	{"4", "Capital", "", "63", "13", "PPLC", "NO", "09", "0", "", "-9999"},
	{"5", "Quarter", "", "64", "14", "PPLX", "NO", "01", "50000", "", "7"},
	{"6", "Off", "", "65", "15", "PPL", "NO", "01", "20000", "1000", "12"},
}

const divisionNames = `[{"code":"NO.01","name":"Old"},{"code":"NO.02","name":"New"},{"code":"NO.03","name":"Unused"}]`

// The towns of the newer snapshot: Smallest was moved to 02, which nearer towns
// are not in; Off lies in no list, but beside a town that was moved.
const towns = `[
	{"name":"Smallest","lat":"60.05","lng":"10","country":"NO","admin1":"02"},
	{"name":"Smaller","lat":"60","lng":"10","country":"NO","admin1":"01"},
	{"name":"Smallest","lat":"69","lng":"10","country":"NO","admin1":"01"},
	{"name":"Beside","lat":"65.01","lng":"15","country":"NO","admin1":"02"},
	{"name":"Unheard of","lat":"65","lng":"15","country":"NO","admin1":"99"}
]`

func TestBuildSelectsAndPlacesCities(t *testing.T) {
	t.Parallel()
	data := build(t, places, nil)
	g, err := gazetteer.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []gazetteer.City{
		{ID: 1, Name: "Smallest", Admin1: "New", Population: 15000, Latitude: 60, Longitude: 10, Elevation: 7, HasElevation: true},
		{ID: 2, Name: "Større", Admin1: "Old", Population: 20000, Latitude: 61, Longitude: 11, Elevation: 12, HasElevation: true},
		{ID: 4, Name: "Capital", Latitude: 63, Longitude: 13},
		{ID: 6, Name: "Off", Admin1: "New", Population: 20000, Latitude: 65, Longitude: 15, Elevation: 12, HasElevation: true},
	} {
		want.Country, want.CountryName, want.TimeZone = "NO", "Norway", "Europe/Oslo"
		if got, ok := g.City(want.ID); !ok || *got != want {
			t.Errorf("city %d: got %+v, want %+v", want.ID, got, want)
		}
	}
	for _, id := range []int{3, 5} {
		if got, ok := g.City(id); ok {
			t.Errorf("got %s, which is no city", got.Label())
		}
	}
	for name, want := range map[string]int{"storre": 2, "GROSSER": 2, "størst": 2, "ascii 2": 2, "ascii 4": 4} {
		if got, ok := g.Find(name); !ok || got.ID != want {
			t.Errorf("Find(%q) got %v, want %d", name, got, want)
		}
	}
	for _, name := range []string{"Больше", "N"} {
		if got, ok := g.Find(name); ok {
			t.Errorf("Find(%q) got %s, want none", name, got.Label())
		}
	}
}

func TestBuildGivesTheSameBytesForTheSameInput(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(build(t, places, nil), build(t, places, nil)) {
		t.Error("two builds differ")
	}
}

func TestBuildStopsAtABrokenRow(t *testing.T) {
	t.Parallel()
	broken := func(change func(*row)) row {
		r := places[0]
		change(&r)
		return r
	}
	for want, r := range map[string]row{
		"line 2: 20 columns":                broken(func(r *row) { r.name = "a\tb" }),
		`parsing "many"`:                    broken(func(r *row) { r.population = "many" }),
		`parsing "x"`:                       broken(func(r *row) { r.id = "x" }),
		`parsing "high"`:                    broken(func(r *row) { r.elevation = "high" }),
		`parsing "deep"`:                    broken(func(r *row) { r.dem = "deep" }),
		"lies at 90.1, 10":                  broken(func(r *row) { r.latitude = "90.1" }),
		"lies at 60, -181":                  broken(func(r *row) { r.longitude = "-181" }),
		"lies at NaN, 10":                   broken(func(r *row) { r.latitude = "NaN" }),
		"has no name, country or time zone": broken(func(r *row) { r.country = "" }),
	} {
		build(t, []row{places[1], r}, func(err error) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want one about %q", err, want)
			}
		})
	}
}

func TestBuildNamesPostalDivisionsThatExist(t *testing.T) {
	t.Parallel()
	g, err := gazetteer.Open()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Toronto, ON": "Ontario", "Vancouver, BC": "British Columbia", "Halifax, NS": "Nova Scotia",
		"Sydney, NSW": "New South Wales", "Perth, WA": "Western Australia", "Darwin, NT": "Northern Territory",
		"São Paulo, SP": "São Paulo", "Manaus, AM": "Amazonas", "Salvador, BA": "Bahia", "Natal, RN": "Rio Grande do Norte",
	} {
		if got, ok := g.Find(name); !ok || got.Admin1 != want {
			t.Errorf("Find(%q) got %+v, want one in %s", name, got, want)
		}
	}
}

// build runs the command on the rows and returns what it wrote; failing is an error
// of the test unless failed takes it.
func build(t *testing.T, rows []row, failed func(error)) []byte {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	for _, r := range rows {
		text.WriteString(r.String() + "\n")
	}
	write(t, filepath.Join(dir, "dist", "cities500.txt"), text.String())
	write(t, filepath.Join(dir, "admin1.json"), divisionNames)
	write(t, filepath.Join(dir, "cities.json"), towns)
	out := filepath.Join(dir, "out")
	err := run(dir, dir, out)
	if failed != nil {
		failed(err)
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
