package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sampleFile returns a netCDF file with a record dimension t of two records, a
// dimension x of three, a plain variable x and the record variables t and v.
func sampleFile() []byte {
	var b []byte
	word := func(words ...uint32) {
		for _, w := range words {
			b = binary.BigEndian.AppendUint32(b, w)
		}
	}
	name := func(s string) {
		word(uint32(len(s)))
		b = append(b, s...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	word(0x43444601, 2)
	word(tagDimension, 2)
	name("t")
	word(0)
	name("x")
	word(3)
	word(tagAttribute, 1)
	name("title")
	word(2, 5)
	b = append(b, "hello\x00\x00\x00"...)
	word(tagVariable, 3)
	head := func(variable string, kind, size uint32, dimensions ...uint32) int {
		name(variable)
		word(uint32(len(dimensions)))
		word(dimensions...)
		word(0, 0, kind, size)
		at := len(b)
		word(0)
		return at
	}
	x := head("x", typeShort, 8, 1)
	t := head("t", typeDouble, 8, 0)
	v := head("v", typeFloat, 12, 0, 1)
	place := func(at int) { binary.BigEndian.PutUint32(b[at:], uint32(len(b))) }
	place(x)
	b = append(b, 0xff, 0xff, 0, 0, 0, 1, 0, 0) // −1, 0, 1 and padding
	place(t)
	binary.BigEndian.PutUint32(b[v:], uint32(len(b)+8))
	for record := range 2 {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(float64(record)+0.5))
		for i := range 3 {
			word(math.Float32bits(float32(record*10 + i)))
		}
	}
	return b
}

func TestDatasetReadsPlainAndRecordVariables(t *testing.T) {
	t.Parallel()
	d, err := openDataset(write(t, sampleFile()))
	if err != nil {
		t.Fatal(err)
	}
	for variable, want := range map[string]struct {
		values []float64
		shape  []int
	}{
		"x": {[]float64{-1, 0, 1}, []int{3}},
		"t": {[]float64{0.5, 1.5}, []int{2}},
		"v": {[]float64{0, 1, 2, 10, 11, 12}, []int{2, 3}},
	} {
		values, shape, err := d.floats(variable)
		if err != nil || !slices.Equal(values, want.values) || !slices.Equal(shape, want.shape) {
			t.Errorf("%s = %v %v, %v; want %v %v", variable, values, shape, err, want.values, want.shape)
		}
	}
	if _, _, err := d.floats("y"); err == nil {
		t.Error("a variable that does not exist was read")
	}
}

func TestDatasetRefusesEveryTruncation(t *testing.T) {
	t.Parallel()
	whole := sampleFile()
	for n := range len(whole) - 1 {
		d, err := openDataset(write(t, whole[:n]))
		if err != nil {
			continue
		}
		if _, _, err := d.floats("v"); err == nil {
			t.Fatalf("%d of %d bytes were enough", n, len(whole))
		}
	}
}

func TestDatasetRefusesOtherFormats(t *testing.T) {
	t.Parallel()
	_, err := openDataset(write(t, bytes.Repeat([]byte("\x89HDF"), 20)))
	if err == nil || !strings.Contains(err.Error(), "not a classic netCDF file") {
		t.Errorf("error %v, want one that names the format", err)
	}
}

func TestHarmonicsGiveBackAYearThatIsACosine(t *testing.T) {
	t.Parallel()
	m := &months{latitudes: []float64{0}, longitudes: []float64{0}, kelvin: make([]float64, 12)}
	const days = 100000
	for i := range 12 * days { // the exact means over months of a year that peaks in summer
		phase := 2 * math.Pi * (float64(i) + 0.5) / (12 * days)
		m.kelvin[i/days] += (283.15 - 10*math.Cos(phase) + 2*math.Sin(2*phase)) / days
	}
	want := [5]float64{10, -10, 0, 0, 2}
	for i, got := range m.harmonics(0, 0) {
		if math.Abs(got-want[i]) > 1e-6 {
			t.Errorf("coefficient %d = %v, want %v", i, got, want[i])
		}
	}
}

func write(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sample.nc")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
