package weather_test

import (
	"math"
	"testing"
	"time"

	"barograph/weather"
)

// conversions are known values of each quantity, metric and imperial.
var conversions = map[string][][2]weather.Measure{
	"temperature":   {{0, 32}, {100, 212}, {-40, -40}, {37, 98.6}, {-17.777778, 0}, {-273.15, -459.67}, {weather.Missing, weather.Missing}},
	"precipitation": {{0, 0}, {25.4, 1}, {1, 0.0393700787}, {304.8, 12}, {weather.Missing, weather.Missing}},
	"pressure":      {{1013.25, 29.9212553}, {33.86389, 1}, {870, 25.691083}, {weather.Missing, weather.Missing}},
	"speed":         {{0, 0}, {1.609344, 1}, {100, 62.1371192}, {1.852, 1.15077945}, {weather.Missing, weather.Missing}},
}

func TestImperialConvertsEveryMeasure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		quantity string
		convert  func(weather.Measure) weather.Measure
	}{
		{"temperature", func(m weather.Measure) weather.Measure {
			return weather.Conditions{Temperature: m}.Imperial().Temperature
		}},
		{"temperature", func(m weather.Measure) weather.Measure {
			return weather.Conditions{ApparentTemperature: m}.Imperial().ApparentTemperature
		}},
		{"temperature", func(m weather.Measure) weather.Measure {
			return weather.Day{TemperatureMin: m}.Imperial().TemperatureMin
		}},
		{"temperature", func(m weather.Measure) weather.Measure {
			return weather.Day{TemperatureMax: m}.Imperial().TemperatureMax
		}},
		{"precipitation", func(m weather.Measure) weather.Measure {
			return weather.Conditions{Precipitation: m}.Imperial().Precipitation
		}},
		{"precipitation", func(m weather.Measure) weather.Measure {
			return weather.Day{PrecipitationSum: m}.Imperial().PrecipitationSum
		}},
		{"pressure", func(m weather.Measure) weather.Measure { return weather.Conditions{Pressure: m}.Imperial().Pressure }},
		{"speed", func(m weather.Measure) weather.Measure { return weather.Conditions{WindSpeed: m}.Imperial().WindSpeed }},
		{"speed", func(m weather.Measure) weather.Measure { return weather.Conditions{WindGusts: m}.Imperial().WindGusts }},
		{"speed", func(m weather.Measure) weather.Measure { return weather.Day{WindSpeedMax: m}.Imperial().WindSpeedMax }},
	} {
		for _, known := range conversions[test.quantity] {
			if got := test.convert(known[0]); !near(got, known[1]) {
				t.Errorf("%s of %v is %v, want %v", test.quantity, known[0], got, known[1])
			}
		}
	}
}

// near reports whether two measures are the same but for the last digits written above.
func near(a, b weather.Measure) bool {
	if !a.Known() || !b.Known() {
		return a.Known() == b.Known()
	}
	return math.Abs(float64(a-b)) < 1e-5
}

func TestImperialLeavesTheRestAsItIs(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, time.June, 15, 12, 0, 0, 0, time.UTC)
	conditions := weather.Conditions{Time: moment, Humidity: 80, CloudCover: 50, WindDirection: 270, Code: 3, Daylight: weather.Daytime}
	want := conditions
	want.Temperature, want.ApparentTemperature = 32, 32
	if got := conditions.Imperial(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	hour := weather.Hour{Conditions: conditions, PrecipitationProbability: 30}
	if got := hour.Imperial(); got.Conditions != want || got.PrecipitationProbability != 30 {
		t.Errorf("got %+v", got)
	}
	day := weather.Day{Date: moment, PrecipitationProbabilityMax: 40, Sunrise: moment, Sunset: moment, Code: 63}
	cold := day
	cold.TemperatureMin, cold.TemperatureMax = 32, 32
	if got := day.Imperial(); got != cold {
		t.Errorf("got %+v, want %+v", got, cold)
	}
}
