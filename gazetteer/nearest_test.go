package gazetteer_test

import (
	"math"
	"testing"

	"barograph/gazetteer"

	"pgregory.net/rapid"
)

func TestNearestAgreesWithMeasuringEveryCity(t *testing.T) {
	t.Parallel()
	g := open(t)
	cities := every(t, g)
	agree := func(t testing.TB, latitude, longitude float64) {
		t.Helper()
		least := math.Inf(1)
		for _, c := range cities {
			least = min(least, angle(latitude, longitude, c))
		}
		got := g.Nearest(latitude, longitude)
		// A metre is 1.6e-7 radians; the two ways to measure differ by less.
		if away := angle(latitude, longitude, got); away > least+1e-9 {
			t.Fatalf("nearest to %g, %g: got %s at %g rad, but one is at %g", latitude, longitude, got.Label(), away, least)
		}
	}
	for _, at := range [][2]float64{
		{90, 0}, {-90, 0}, {90, 123}, {-90, -77}, {0, 180}, {0, -180}, {-17, 180}, {-17, -180}, {65, 179.999},
		{65, -179.999}, {0, 0}, {-48.9, -123.4}, {89.9999, 45},
	} {
		agree(t, at[0], at[1])
	}
	rapid.Check(t, func(r *rapid.T) {
		latitude := rapid.Float64Range(-90, 90).Draw(r, "latitude")
		longitude := rapid.Float64Range(-180, 180).Draw(r, "longitude")
		agree(t, latitude, longitude)
	})
}

// angle returns the great-circle distance to c in radians.
func angle(latitude, longitude float64, c *gazetteer.City) float64 {
	const degree = math.Pi / 180
	lat, lon := latitude*degree, longitude*degree
	north, east := (c.Latitude*degree-lat)/2, (c.Longitude*degree-lon)/2
	h := math.Pow(math.Sin(north), 2) + math.Cos(lat)*math.Cos(c.Latitude*degree)*math.Pow(math.Sin(east), 2)
	return 2 * math.Asin(math.Sqrt(min(h, 1)))
}

func TestNearestKnowsNoAntimeridian(t *testing.T) {
	t.Parallel()
	g := open(t)
	for _, longitude := range []float64{179.9, -180.1, 539.9} {
		if got := g.Nearest(-16.8, longitude); got.Country != "FJ" {
			t.Errorf("at longitude %g got %s, want a city of Fiji", longitude, got.Label())
		}
	}
}

func TestNearestToNowhereIsNil(t *testing.T) {
	t.Parallel()
	g := open(t)
	nan, inf := math.NaN(), math.Inf(1)
	for _, at := range [][2]float64{{nan, 0}, {0, nan}, {nan, nan}, {inf, 0}, {0, inf}, {-inf, -inf}} {
		if got := g.Nearest(at[0], at[1]); got != nil {
			t.Errorf("Nearest(%g, %g) got %s, want nil", at[0], at[1], got.Label())
		}
	}
}
