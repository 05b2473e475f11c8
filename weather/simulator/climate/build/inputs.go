package main

import (
	"fmt"
	"math"
)

// months holds twelve monthly mean temperatures of every cell of a grid.
type months struct {
	latitudes, longitudes []float64 // the cells' centres; longitudes from 0 eastwards, evenly spaced
	kelvin                []float64 // month, latitude, longitude
}

func openMonths(path string) (*months, error) {
	d, err := openDataset(path)
	if err != nil {
		return nil, err
	}
	m := &months{}
	if m.latitudes, _, err = d.floats("lat"); err != nil {
		return nil, err
	}
	if m.longitudes, _, err = d.floats("lon"); err != nil {
		return nil, err
	}
	if m.kelvin, _, err = d.floats("tas"); err != nil {
		return nil, err
	}
	if want := 12 * len(m.latitudes) * len(m.longitudes); len(m.kelvin) != want || want == 0 {
		return nil, fmt.Errorf("%s has %d temperatures where twelve months need %d", path, len(m.kelvin), want)
	}
	return m, nil
}

// harmonics returns the cell's annual mean in degrees Celsius, and the cosine and
// sine of the first and second annual harmonic. A month's mean flattens the
// harmonics a little; dividing by the mean of a cosine over a month undoes that.
func (m *months) harmonics(row, column int) [5]float64 {
	var c [5]float64
	plane := len(m.latitudes) * len(m.longitudes)
	for month := range 12 {
		celsius := m.kelvin[month*plane+row*len(m.longitudes)+column] - 273.15
		c[0] += celsius / 12
		for k := 1; k <= 2; k++ {
			flattened := math.Sin(math.Pi*float64(k)/12) / (math.Pi * float64(k) / 12)
			sin, cos := math.Sincos(2 * math.Pi * float64(k) * (float64(month) + 0.5) / 12)
			c[2*k-1] += celsius * cos / 6 / flattened
			c[2*k] += celsius * sin / 6 / flattened
		}
	}
	return c
}

// terrain holds the heights of the Earth's surface, sea floor included.
type terrain struct {
	latitudes, longitudes []float64
	metres                []float64 // latitude, longitude
}

func openTerrain(path string) (*terrain, error) {
	d, err := openDataset(path)
	if err != nil {
		return nil, err
	}
	t := &terrain{}
	if t.latitudes, _, err = d.floats("ETOPO20Y"); err != nil {
		return nil, err
	}
	if t.longitudes, _, err = d.floats("ETOPO20X1_1081"); err != nil {
		return nil, err
	}
	if t.metres, _, err = d.floats("ROSE"); err != nil {
		return nil, err
	}
	if len(t.metres) != len(t.latitudes)*len(t.longitudes) {
		return nil, fmt.Errorf("%s has %d heights for %d × %d points", path, len(t.metres), len(t.latitudes), len(t.longitudes))
	}
	return t, nil
}

// cell returns the share of land of the months' cell and its mean height, the sea
// counting as 0 m, for that is the surface whose temperature the months give.
func (t *terrain) cell(m *months, row, column int) (land, height float64) {
	halfRow := math.Abs(m.latitudes[1]-m.latitudes[0]) / 2
	halfColumn := 180 / float64(len(m.longitudes))
	points := 0.0
	for i, latitude := range t.latitudes {
		if math.Abs(latitude-m.latitudes[row]) > halfRow {
			continue
		}
		for j, longitude := range t.longitudes {
			if math.Abs(math.Remainder(longitude-m.longitudes[column], 360)) > halfColumn {
				continue
			}
			points++
			if metres := t.metres[i*len(t.longitudes)+j]; metres > 0 {
				land++
				height += metres
			}
		}
	}
	return land / points, height / points
}
