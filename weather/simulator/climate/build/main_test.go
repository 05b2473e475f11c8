package main

import (
	"bytes"
	"math"
	"testing"

	"barograph/weather/simulator/climate"
)

// What is built is what the climate reads: a world of two continents, one of them
// a plateau, with a year that swings in the north alone.
func TestTheClimateReadsWhatIsBuilt(t *testing.T) {
	t.Parallel()
	m := &months{latitudes: []float64{-60, -20, 20, 60}, longitudes: []float64{0, 90, 180, 270}}
	for month := range 12 {
		for _, latitude := range m.latitudes {
			for range m.longitudes {
				celsius := 20 - latitude/6
				if latitude > 0 {
					celsius -= 12 * math.Cos(2*math.Pi*(float64(month)+0.5)/12) * math.Sin(math.Pi/12) / (math.Pi / 12)
				}
				m.kelvin = append(m.kelvin, celsius+273.15)
			}
		}
	}
	relief := &terrain{}
	for latitude := -85.0; latitude < 90; latitude += 10 {
		relief.latitudes = append(relief.latitudes, latitude)
	}
	for longitude := 5.0; longitude < 360; longitude += 10 {
		relief.longitudes = append(relief.longitudes, longitude)
	}
	for _, latitude := range relief.latitudes {
		for range relief.longitudes {
			relief.metres = append(relief.metres, map[bool]float64{true: 1500, false: -4000}[latitude > 0])
		}
	}

	packed, err := compress(encode(m, relief))
	if err != nil {
		t.Fatal(err)
	}
	again, err := compress(encode(m, relief))
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("the same inputs gave other bytes, %v", err)
	}
	c, err := climate.Decode(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if north, south := c.Place(60, 90, 0).Relief(), c.Place(-60, 90, 0).Relief(); north != 1500 || south != 0 {
		t.Errorf("heights %v m and %v m, want 1500 m and 0 m", north, south)
	}
	for _, season := range []struct {
		latitude float64
		unix     int64 // the start of January and of July 2026
		want     float64
	}{{20, 1767225600, 4.67}, {20, 1782864000, 28.67}, {-20, 1767225600, 23.33}, {-20, 1782864000, 23.33}} {
		sum := 0.0
		const days = 400 // of as many years, so that the weather does not count
		for year := range int64(days) {
			p := c.Place(season.latitude, 180, math.NaN())
			for hour := range int64(4) {
				sum += p.At(season.unix + year*31556952 + hour*6*3600).Temperature
			}
		}
		if got := sum / days / 4; math.Abs(got-season.want) > 0.6 {
			t.Errorf("latitude %v at %d: mean %.2f °C, want %.2f", season.latitude, season.unix, got, season.want)
		}
	}
}
