package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const flightsJSON = `[
  {"date":"2001/01/01 06:55","delay":-19,"distance":1797,"origin":"LAX","destination":"BNA"},
  {"date":"2001/01/02 18:10","delay":0,"distance":102,"origin":"HNL","destination":"LIH"},
  {"date":"2001/01/03 21:42","delay":36,"distance":1172,"origin":"DFW","destination":"IAD"},
  {"date":"2001/01/03 21:42","delay":36,"distance":1172,"origin":"DFW","destination":"IAD"},
  {"date":"2001/01/04 09:24","delay":15,"distance":548,"origin":"OTZ","destination":"ANC"}
]`

const airportsCSV = `iata,name,city,state,country,latitude,longitude
DFW,Dallas-Fort Worth International,Dallas-Fort Worth,TX,USA,32.89595056,-97.0372
HNL,Honolulu International,Honolulu,HI,USA,21.31869111,-157.9224072
LAX,"Los Angeles, International",Los Angeles,CA,USA,33.94253611,-118.4080744
OTZ,Ralph Wien Memorial,Kotzebue,AK,USA,66.88467694,-162.5985497
SJU,Luis Munoz Marin International,San Juan,PR,USA,18.43941667,-66.00183333
`

func TestReadFlightsReadsEveryMember(t *testing.T) {
	t.Parallel()
	flights, err := readFlights(strings.NewReader(flightsJSON))
	if err != nil {
		t.Fatal(err)
	}
	first := flight{Date: "2001/01/01 06:55", Delay: -19, Distance: 1797, Origin: "LAX", Destination: "BNA"}
	if len(flights) != 5 || flights[0] != first {
		t.Errorf("got %d flights, the first %+v, want 5 and %+v", len(flights), flights[0], first)
	}
	if flights[1].Delay != 0 || flights[2].Distance != 1172 {
		t.Errorf("got %+v and %+v", flights[1], flights[2])
	}
}

func TestReadFlightsRefusesWhatItWouldHaveToMakeUp(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no flights":      `[]`,
		"no array":        `{"date":"2001/01/01 06:55"}`,
		"cut off":         flightsJSON[:100],
		"no delay":        `[{"date":"2001/01/01 06:55","distance":1797,"origin":"LAX","destination":"BNA"}]`,
		"no distance":     `[{"date":"2001/01/01 06:55","delay":-19,"origin":"LAX","destination":"BNA"}]`,
		"no origin":       `[{"date":"2001/01/01 06:55","delay":-19,"distance":1797,"destination":"BNA"}]`,
		"no destination":  `[{"date":"2001/01/01 06:55","delay":-19,"distance":1797,"origin":"LAX"}]`,
		"no date":         `[{"delay":-19,"distance":1797,"origin":"LAX","destination":"BNA"}]`,
		"no such day":     `[{"date":"2001/02/30 06:55","delay":-19,"distance":1797,"origin":"LAX","destination":"BNA"}]`,
		"part of a mile":  `[{"date":"2001/01/01 06:55","delay":-19,"distance":0.5,"origin":"LAX","destination":"BNA"}]`,
		"a member unread": `[{"date":"2001/01/01 06:55","delay":-19,"distance":1,"origin":"LAX","destination":"BNA","tail":"N1"}]`,
	} {
		if flights, err := readFlights(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, flights)
		}
	}
}

func TestReadAirportsReadsThemByCode(t *testing.T) {
	t.Parallel()
	airports, err := readAirports(strings.NewReader(airportsCSV))
	if err != nil {
		t.Fatal(err)
	}
	codes := slices.Sorted(maps.Keys(airports))
	if want := []string{"DFW", "HNL", "LAX", "OTZ", "SJU"}; !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
	want := airport{"LAX", "Los Angeles, International", "Los Angeles", "CA", point{33.94253611, -118.4080744}}
	if airports["LAX"] != want {
		t.Errorf("got %+v, want %+v", airports["LAX"], want)
	}
}

func TestReadAirportsRefusesOtherColumnsAndRows(t *testing.T) {
	t.Parallel()
	header, row, _ := strings.Cut(airportsCSV, "\n")
	row, _, _ = strings.Cut(row, "\n")
	for name, text := range map[string]string{
		"nothing":         "",
		"no header":       row,
		"columns swapped": strings.Replace(airportsCSV, "latitude,longitude", "longitude,latitude", 1),
		"a column short":  header + "\nLAX,Los Angeles International,Los Angeles,CA,USA,33.9",
		"a code twice":    header + "\n" + row + "\n" + row,
		"no latitude":     header + "\nLAX,International,Los Angeles,CA,USA,,-118",
		"no longitude":    header + "\nLAX,International,Los Angeles,CA,USA,33,west",
	} {
		if airports, err := readAirports(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, airports)
		}
	}
}

func TestReadFileSaysWhichFileIsAtFault(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	if _, err := readFile(directory, "flights-2k.json", readFlights); err == nil || !strings.Contains(err.Error(), "README") {
		t.Errorf("no file: got %v, want a word on where to get it", err)
	}
	if err := os.WriteFile(filepath.Join(directory, "flights-2k.json"), []byte("[1]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(directory, "flights-2k.json", readFlights); err == nil || !strings.Contains(err.Error(), "flights-2k.json") {
		t.Errorf("a wrong file: got %v, want its name", err)
	}
}

func TestOriginsAreTheAirportsFlightsLeaveFrom(t *testing.T) {
	t.Parallel()
	flights, airports := testData(t)
	origins, err := originsOf(flights, airports)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, a := range origins {
		codes = append(codes, a.code)
	}
	if want := []string{"DFW", "HNL", "LAX", "OTZ"}; !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
	flights[0].Origin = "XXX"
	if _, err := originsOf(flights, airports); err == nil || !strings.Contains(err.Error(), "XXX") {
		t.Errorf("an unknown airport: got %v, want an error that names it", err)
	}
}

// testData returns the flights and airports above.
func testData(t *testing.T) ([]flight, map[string]airport) {
	t.Helper()
	flights, err := readFlights(strings.NewReader(flightsJSON))
	if err != nil {
		t.Fatal(err)
	}
	airports, err := readAirports(strings.NewReader(airportsCSV))
	if err != nil {
		t.Fatal(err)
	}
	return flights, airports
}
