package climate_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"barograph/weather/simulator/climate"

	"pgregory.net/rapid"
)

var start2026 = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()

// A draw is a random place and a random quarter of an hour.
type draw struct {
	latitude, longitude, height float64
	unix                        int64
}

func (d draw) place() *climate.Place {
	return climate.Earth().Place(d.latitude, d.longitude, d.height)
}

func drawn(t *rapid.T) draw {
	return draw{
		latitude:  rapid.Float64Range(-90, 90).Draw(t, "latitude"),
		longitude: rapid.Float64Range(-180, 180).Draw(t, "longitude"),
		height: rapid.OneOf(rapid.Just(math.NaN()), rapid.Float64Range(-400, 5000),
			rapid.SampledFrom([]float64{math.Inf(1), math.Inf(-1), 1e30})).Draw(t, "height"),
		unix: rapid.Int64Range(0, 70*365*96).Draw(t, "quarter") * 900,
	}
}

func TestConditionsNeverContradictThemselves(t *testing.T) {
	t.Parallel()
	codes := []int{0, 1, 2, 3, 45, 48, 51, 53, 55, 56, 57, 61, 63, 65, 66, 67, 71, 73, 75, 77, 80, 81, 82, 85, 86, 95, 96, 99}
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		p := d.place()
		for range 48 { // two days, or the wet hours would be rare
			for _, c := range []climate.Conditions{p.At(d.unix), p.Current(d.unix)} {
				finite(t, c)
				claim := func(holds bool, claim string) {
					if !holds {
						t.Fatalf("%s does not hold at %d: %+v", claim, d.unix, c)
					}
				}
				falls := c.Code >= 51
				claim(slices.Contains(codes, c.Code), "the code is one in use")
				claim(falls == (c.Precipitation > 0), "precipitation has its code")
				claim(!falls || c.CloudCover >= 50, "precipitation has its cloud")
				claim(!falls || c.Probability > 50, "precipitation was likely")
				claim(falls || c.Code >= 45 || c.Code == skyCode(c.CloudCover), "a dry code tells the cloud")
				claim((c.Code == 45 || c.Code == 48) == (c.Visibility < 1000 && !falls), "fog is what hides the view")
				claim(c.Snowfall == 0 || c.Temperature < 1, "snow needs frost")
				claim((c.Snowfall > 0) == (c.Code >= 71 && c.Code <= 77 || c.Code == 85 || c.Code == 86), "snow has its code")
				claim(math.Abs(c.Rain+c.Showers+c.Snowfall/0.7-c.Precipitation) < 1e-9, "precipitation is the sum of its kinds")
				claim(c.WindGusts >= c.WindSpeed && c.WindSpeed >= 0, "gusts are no weaker than the wind")
				claim(c.WindDirection >= 0 && c.WindDirection <= 360, "the wind has a direction")
				claim(c.DewPoint <= c.Temperature+1e-9, "the dew point is no warmer than the air")
				claim(c.Humidity > 0 && c.Humidity <= 100, "humidity is a share")
				claim(c.CloudCover >= 0 && c.CloudCover <= 100, "cloud is a share")
				claim(c.Probability >= 0 && c.Probability <= 100, "probability is a share")
				claim(c.Pressure > 930 && c.Pressure < 1090, "the pressure is one of this world")
				claim(c.Temperature > -95 && c.Temperature < 65, "the temperature is one of this world")
			}
			d.unix += 3600
		}
	})
}

func skyCode(cloud float64) int {
	switch {
	case cloud < 20:
		return 0
	case cloud < 50:
		return 1
	case cloud < 80:
		return 2
	}
	return 3
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// finite fails when a field is no number.
func finite(t failer, c climate.Conditions) {
	t.Helper()
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Float64 && (math.IsNaN(f.Float()) || math.IsInf(f.Float(), 0)) {
			t.Fatalf("%s is %v in %+v", v.Type().Field(i).Name, f.Float(), c)
		}
	}
}

func TestPlacesOfOnePointHaveTheSameWeatherHoweverTheyAreAsked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		want := d.place().At(d.unix)
		worn := d.place()
		for range rapid.IntRange(0, 20).Draw(t, "others") {
			worn.At(d.unix + 900*rapid.Int64Range(-2000, 2000).Draw(t, "before"))
		}
		if got := worn.At(d.unix); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func TestCurrentConditionsLieBetweenTheHours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		hour := d.unix - d.unix%3600
		p := d.place()
		before, now, after := p.At(hour), p.Current(d.unix), p.At(hour+3600)
		part := float64(d.unix-hour) / 3600
		for what, of := range map[string]func(climate.Conditions) float64{
			"temperature": func(c climate.Conditions) float64 { return c.Temperature },
			"dew point":   func(c climate.Conditions) float64 { return c.DewPoint },
			"pressure":    func(c climate.Conditions) float64 { return c.Pressure },
		} {
			want := of(before)*(1-part) + of(after)*part
			if got := of(now); math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s %v, want %v", what, got, want)
			}
		}
		rain := after.Precipitation
		if d.unix == hour {
			rain = before.Precipitation
		}
		if want := rain / 4; math.Abs(now.Precipitation-want) > 1e-9 {
			t.Fatalf("precipitation %v mm, want a quarter of the hour's, %v mm", now.Precipitation, want)
		}
	})
}

func TestNeighboursHaveMuchTheSameWeather(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		d.height = 100
		d.latitude *= 0.89 // nearer to a pole, a neighbour is hours of longitude away
		other := d
		other.latitude += 0.1
		other.longitude += 0.1 // past 180 too: the same meridian as from the other side
		a, b := d.place().At(d.unix), other.place().At(d.unix)
		if dt, dp := math.Abs(a.Temperature-b.Temperature), math.Abs(a.Pressure-b.Pressure); dt > 3 || dp > 3 {
			t.Fatalf("15 km apart: %.1f K and %.1f hPa: %+v and %+v", dt, dp, a, b)
		}
	})
}

func TestWeatherDoesNotBreakAtTheAntimeridianOrThePoles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		agree := func(a, b draw) {
			x, y := a.place().At(d.unix), b.place().At(d.unix)
			if math.Abs(x.Temperature-y.Temperature) > 0.05 || math.Abs(x.Pressure-y.Pressure) > 0.05 || math.Abs(x.CloudCover-y.CloudCover) > 0.5 {
				t.Fatalf("%+v at %+v, %+v at %+v", x, a, y, b)
			}
		}
		west, east := d, d
		west.longitude, east.longitude = 179.9999, -179.9999
		agree(west, east)
		north := rapid.SampledFrom([]float64{-90, 90}).Draw(t, "pole")
		pole, samePole := d, d
		pole.latitude, samePole.latitude, samePole.longitude = north, north, 0
		x, y := pole.place().At(d.unix), samePole.place().At(d.unix)
		if math.Abs(x.Temperature-y.Temperature) > 0.05 || math.Abs(x.Pressure-y.Pressure) > 0.05 {
			t.Fatalf("at one pole %+v and %+v", x, y)
		}
	})
}

func TestHoursFollowOneAnotherSmoothly(t *testing.T) {
	t.Parallel()
	p := climate.Earth().Place(52.5, 13.4, 38)
	last := p.At(start2026)
	for hour := int64(1); hour < 8760; hour++ {
		now := p.At(start2026 + hour*3600)
		if math.Abs(now.Temperature-last.Temperature) > 4 || math.Abs(now.Pressure-last.Pressure) > 4 {
			t.Fatalf("hour %d: from %+v to %+v", hour, last, now)
		}
		last = now
	}
}

func ExamplePlace_At() {
	berlin := climate.Earth().Place(52.52, 13.41, 38)
	for _, month := range []time.Month{time.January, time.July} {
		c := berlin.At(time.Date(2026, month, 15, 12, 0, 0, 0, time.UTC).Unix())
		fmt.Printf("%s: %.0f °C, %.0f%% clouds, %.1f mm, code %d, day %v\n", month, c.Temperature, c.CloudCover, c.Precipitation, c.Code, c.Day)
	}
	// Output:
	// January: 3 °C, 87% clouds, 0.1 mm, code 51, day true
	// July: 27 °C, 23% clouds, 0.0 mm, code 1, day true
}

func BenchmarkPlaceAndItsCurrentConditions(b *testing.B) {
	earth := climate.Earth()
	for i := range b.N {
		earth.Place(float64(i%170)-85, float64(i%360)-180, 100).Current(start2026 + 900)
	}
}

func BenchmarkHourAfterHour(b *testing.B) {
	p := climate.Earth().Place(52.5, 13.4, 38)
	for i := range b.N {
		p.At(start2026 + int64(i)*3600)
	}
}
