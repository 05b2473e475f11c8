package gazetteer_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"barograph/gazetteer"
)

// small is a gazetteer in the format of the embedded one: two of a name, one of
// them without a division or an elevation.
const small = "gazetteer/1\tmade up\n" +
	"US.ME\tMaine\tMEPOST\n" +
	"\n" +
	"2\tTwin / Zwilling\tUS\tME\t10\t20\t5\t100\tAmerica/New_York\tgemini,tvilling\n" +
	"3\tTwin\tUS\t\t10\t20\t\t100\tAmerica/New_York\t\n"

func TestReadTakesWhatAFieldLeavesOutAsUnknown(t *testing.T) {
	t.Parallel()
	g := sample(t, small)
	c, _ := g.City(2)
	if want := (gazetteer.City{
		ID: 2, Name: "Twin / Zwilling", Admin1: "Maine", Country: "US", CountryName: "United States", Latitude: 10,
		Longitude: 20, Elevation: 5, HasElevation: true, Population: 100, TimeZone: "America/New_York",
	}); *c != want {
		t.Errorf("got %+v, want %+v", *c, want)
	}
	c, _ = g.City(3)
	if c.Admin1 != "" || c.HasElevation || c.Elevation != 0 {
		t.Errorf("got division %q and elevation %v (%t), want none", c.Admin1, c.Elevation, c.HasElevation)
	}
}

func TestFindTakesTheFirstListedOfEquals(t *testing.T) {
	t.Parallel()
	g := sample(t, small)
	for name, want := range map[string]int{
		"Twin": 2, "Zwilling": 2, "Twin, Maine": 2, "Twin, MEPOST": 2, "Twin, US": 2, "Gemini": 2, "City:3": 3,
	} {
		c, ok := g.Find(name)
		if !ok || c.ID != want {
			t.Errorf("Find(%q) got %v, want %d", name, c, want)
		}
	}
	if c := g.Nearest(11, 20); c.ID != 2 {
		t.Errorf("Nearest got %d, want 2, the first of two in one spot", c.ID)
	}
}

// regions is a gazetteer where the less populous city is the better match.
const regions = "gazetteer/1\tmade up\n" +
	"CA.08\tOntario\t\nUS.CA\tCalifornia\t\nUS.ME\tMaine\t\n" +
	"\n" +
	"1\tTwin\tUS\tCA\t1\t1\t\t500\tAmerica/Los_Angeles\t\n" +
	"2\tTwinning\tUS\tME\t2\t2\t\t400\tAmerica/New_York\t\n" +
	"3\tOther\tUS\tME\t3\t3\t\t300\tAmerica/New_York\ttwin\n" +
	"4\tTwin\tUS\tME\t4\t4\t\t200\tAmerica/New_York\t\n" +
	"5\tTwin\tCA\t08\t5\t5\t\t100\tAmerica/Toronto\t\n"

func TestFindTriesACountryBeforeADivisionWithMorePeople(t *testing.T) {
	t.Parallel()
	g := sample(t, regions)
	for name, want := range map[string]int{
		"Twin, CA": 5, "Twin, CA, US": 1, "Twin, California": 1, "Twin, US": 1, "Twin, Maine": 4, "Twin": 1,
	} {
		if c, ok := g.Find(name); !ok || c.ID != want {
			t.Errorf("Find(%q) got %v, want %d", name, c, want)
		}
	}
}

func TestSearchRanksByRegionThenNameThenPopulation(t *testing.T) {
	t.Parallel()
	g := sample(t, regions)
	for query, want := range map[string][]int{
		"twin":      {1, 4, 5, 3, 2},
		"twin, ca":  {5, 1},
		"twin, c":   {1, 5},
		"twin, mai": {4, 3, 2},
		"twi, u":    {1, 2, 4, 3},
	} {
		var got []int
		for _, c := range g.Search(query, 10, "") {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Search(%q) got %v, want %v", query, got, want)
		}
	}
}

func TestReadRefusesWhatIsNotAGazetteer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ reason, broken string }{
		{"the format is", ""},
		{"the format is", strings.Replace(small, "gazetteer/1", "gazetteer/2", 1)},
		{"there are no cities", "gazetteer/1\nUS.ME\tMaine\t\n\n"},
		{"columns instead of 3", strings.Replace(small, "MEPOST", "MEPOST\tmore", 1)},
		{"no country", strings.Replace(small, "US.ME", "USME", 1)},
		{"country", strings.Replace(small, "US.ME", "U$.ME", 1)},
		{"2 columns instead of 10", small + "4\tTwin\n"},
		{"unlisted division", strings.Replace(small, "US\tME", "US\tNY", 1)},
		{"more populous than the city before", strings.Replace(small, "\t\t100", "\t\t101", 1)},
		{"same id", strings.Replace(small, "\n3\t", "\n2\t", 1)},
		{`parsing "three"`, strings.Replace(small, "\n3\t", "\nthree\t", 1)},
		{"no such point: 91", strings.Replace(small, "10\t20\t\t", "91\t20\t\t", 1)},
		{"no such point: 10, -181", strings.Replace(small, "10\t20\t\t", "10\t-181\t\t", 1)},
		{"no such point: NaN", strings.Replace(small, "10\t20\t\t", "NaN\t20\t\t", 1)},
	} {
		_, err := gazetteer.Read(zipped(t, test.broken))
		if err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("got error %v, want one about %q", err, test.reason)
		}
	}
}

func TestReadFailsAsItsReaderDoes(t *testing.T) {
	t.Parallel()
	if _, err := gazetteer.Read(strings.NewReader(small)); !errors.Is(err, gzip.ErrHeader) {
		t.Errorf("uncompressed: got %v, want %v", err, gzip.ErrHeader)
	}
	whole := zipped(t, small)
	if _, err := gazetteer.Read(io.LimitReader(whole, int64(whole.Len())-1)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	gone := errors.New("gone")
	if _, err := gazetteer.Read(iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Errorf("failing: got %v, want %v", err, gone)
	}
}

// sample returns the gazetteer with the data.
func sample(t *testing.T, data string) *gazetteer.Gazetteer {
	t.Helper()
	g, err := gazetteer.Read(zipped(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func zipped(t *testing.T, data string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}
