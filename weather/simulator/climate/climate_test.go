package climate_test

import (
	"bytes"
	"compress/gzip"
	"math"
	"os"
	"testing"
	"time"

	"barograph/weather/simulator/climate"
)

// cities are places with their published mean temperatures of January and July,
// °C, to the degree.
var cities = []struct {
	name                string
	latitude, longitude float64
	height              float64
	january, july       float64
}{
	{"London", 51.48, -0.45, 25, 5, 18},
	{"Berlin", 52.47, 13.40, 48, 1, 19},
	{"Moscow", 55.83, 37.62, 156, -7, 19},
	{"Reykjavík", 64.13, -21.90, 52, 0, 11},
	{"Madrid", 40.41, -3.68, 667, 6, 25},
	{"Rome", 41.80, 12.58, 20, 8, 25},
	{"Cairo", 30.11, 31.41, 64, 14, 29},
	{"Nairobi", -1.32, 36.93, 1624, 20, 17},
	{"Cape Town", -33.96, 18.60, 42, 21, 12},
	{"Mumbai", 19.12, 72.85, 14, 24, 28},
	{"Delhi", 28.58, 77.20, 216, 14, 31},
	{"Singapore", 1.37, 103.98, 5, 27, 28},
	{"Beijing", 39.80, 116.47, 31, -3, 27},
	{"Tokyo", 35.69, 139.76, 6, 6, 26},
	{"Yakutsk", 62.02, 129.72, 101, -39, 19},
	{"Sydney", -33.86, 151.21, 39, 23, 13},
	{"New York", 40.78, -73.97, 40, 0, 25},
	{"Chicago", 41.99, -87.93, 201, -4, 23},
	{"Mexico City", 19.40, -99.20, 2308, 14, 18},
	{"Buenos Aires", -34.58, -58.48, 25, 25, 11},
}

// One year of a climate model lies beneath: a winter far inland may be well off its
// published mean, but few may, and none by far.
func TestClimateKeepsToTheMonthlyMeansOfKnownCities(t *testing.T) {
	t.Parallel()
	const near, far, fewFar, worst = 6.0, 10.0, 3, 3.3
	squares, beyond := 0.0, 0
	for _, city := range cities {
		p := climate.Earth().Place(city.latitude, city.longitude, city.height)
		for month, want := range map[time.Month]float64{time.January: city.january, time.July: city.july} {
			got := monthlyMean(p, month)
			off := math.Abs(got - want)
			squares += off * off
			t.Logf("%-13s %-8s %6.1f °C, published %4.0f °C", city.name, month, got, want)
			if off > near {
				beyond++
			}
			if off > far {
				t.Errorf("%s in %s: mean %.1f °C, want %.0f ± %.0f °C", city.name, month, got, want, far)
			}
		}
	}
	rmse := math.Sqrt(squares / float64(2*len(cities)))
	t.Logf("root mean square error %.2f K, %d beyond %.0f K", rmse, beyond, near)
	if rmse > worst || beyond > fewFar {
		t.Errorf("root mean square error %.2f K with %d beyond %.0f K; want at most %.1f K and %d", rmse, beyond, near, worst, fewFar)
	}
}

func TestClimateHasTheSouthsSummerInJanuary(t *testing.T) {
	t.Parallel()
	for _, city := range cities {
		if math.Abs(city.latitude) < 25 {
			continue // near the equator there are other seasons
		}
		p := climate.Earth().Place(city.latitude, city.longitude, city.height)
		january, july := monthlyMean(p, time.January), monthlyMean(p, time.July)
		if southern := city.latitude < 0; southern != (january > july) {
			t.Errorf("%s: January %.1f °C, July %.1f °C", city.name, january, july)
		}
	}
}

func TestClimateIsColderHigherUp(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.May, 3, 10, 0, 0, 0, time.UTC).Unix()
	valley, peak := climate.Earth().Place(46.5, 8, 500).At(at), climate.Earth().Place(46.5, 8, 3500).At(at)
	if got := valley.Temperature - peak.Temperature; math.Abs(got-16.5) > 0.01 {
		t.Errorf("3000 m up it is %.2f K colder, want 16.5 K", got)
	}
	if share := peak.SurfacePressure / valley.SurfacePressure; share < 0.62 || share > 0.75 {
		t.Errorf("3000 m up the pressure is %.2f of that below, want about 0.69", share)
	}
}

func TestClimateIsWetterAtTheEquatorThanInTheDesert(t *testing.T) {
	t.Parallel()
	wet, dry := yearlyRain(1.37, 103.98), yearlyRain(24, 28)
	t.Logf("Singapore %.0f mm a year, eastern Sahara %.0f mm", wet, dry)
	if wet < 1000 || wet > 4000 || dry > 150 {
		t.Errorf("Singapore %.0f mm a year, eastern Sahara %.0f mm; want 1000 to 4000 and at most 150", wet, dry)
	}
}

func yearlyRain(latitude, longitude float64) float64 {
	p := climate.Earth().Place(latitude, longitude, 10)
	const years = 8
	sum := 0.0
	for hour := range int64(years * 8766) {
		sum += p.At(start2026 + hour*3600).Precipitation
	}
	return sum / years
}

// monthlyMean averages the month over several years, so that the weather's noise
// does not count.
func monthlyMean(p *climate.Place, month time.Month) float64 {
	sum, n := 0.0, 0
	for year := 2001; year < 2031; year += 2 {
		for t := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC); t.Month() == month; t = t.Add(3 * time.Hour) {
			sum += p.At(t.Unix()).Temperature
			n++
		}
	}
	return sum / float64(n)
}

func FuzzDecodeRefusesWhatIsNoClimate(f *testing.F) {
	zipped, err := os.ReadFile("normals.bin.gz")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("climate1\x00\x02\x00\x02\xc2\x20\x00\x00\x42\x20\x00\x00" + "four cells of seven planes.."))
	f.Add([]byte("climate1\xff\xff\xff\xff"))
	f.Add(zipped[:100])
	f.Fuzz(func(t *testing.T, raw []byte) {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write(raw); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		c, err := climate.Decode(&b)
		if err != nil {
			return
		}
		for _, latitude := range []float64{-90, -40, 0, 89.9, 90} {
			finite(t, c.Place(latitude, 180, math.NaN()).At(start2026))
		}
	})
}

func TestDecodeRefusesATruncatedFile(t *testing.T) {
	t.Parallel()
	zipped, err := os.ReadFile("normals.bin.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 5, 20, 1000, len(zipped) / 2, len(zipped) - 100} {
		if _, err := climate.Decode(bytes.NewReader(zipped[:n])); err == nil {
			t.Errorf("%d of %d bytes were enough", n, len(zipped))
		}
	}
}
