// Command build makes the climate's embedded data, normals.bin.gz, from two
// public netCDF files: a year of monthly mean temperatures and the relief of the
// Earth. Its output depends on its inputs alone. The README beside it says where
// the inputs come from.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
)

func main() {
	temperature := flag.String("temperature", "", "the netCDF file of monthly mean temperatures (variable tas, kelvin)")
	relief := flag.String("relief", "", "the netCDF file of the Earth's relief (variable ROSE, metres)")
	out := flag.String("out", "weather/simulator/climate/normals.bin.gz", "the file to write")
	flag.Parse()
	if err := run(*temperature, *relief, *out); err != nil {
		log.Fatal(err)
	}
}

func run(temperature, relief, out string) error {
	months, err := openMonths(temperature)
	if err != nil {
		return err
	}
	terrain, err := openTerrain(relief)
	if err != nil {
		return err
	}
	packed, err := compress(encode(months, terrain))
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := os.WriteFile(out, packed, 0o644); err != nil { //nolint:gosec // public data
		return err
	}
	log.Printf("wrote %d bytes to %s", len(packed), out)
	return nil
}

// Steps of the stored bytes.
const (
	kelvinStep = 0.5
	reliefStep = 25 // metres
	landStep   = 1.0 / 250
)

// encode lays the planes out as the climate package reads them: the mean and two
// annual harmonics of the temperature, the share of land, and the relief, one
// byte a cell, each row as differences from its western neighbour.
func encode(m *months, t *terrain) []byte {
	var b bytes.Buffer
	b.WriteString("climate1")
	b.Write(binary.BigEndian.AppendUint16(nil, uint16(len(m.latitudes))))  //nolint:gosec // 96
	b.Write(binary.BigEndian.AppendUint16(nil, uint16(len(m.longitudes)))) //nolint:gosec // 192
	for _, latitude := range m.latitudes {
		b.Write(binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(latitude))))
	}
	planes := make([][]byte, 7)
	for row := range m.latitudes {
		last := make([]byte, len(planes))
		for column := range m.longitudes {
			for i, coefficient := range m.harmonics(row, column) {
				planes[i] = append(planes[i], step(&last[i], coefficient/kelvinStep))
			}
			land, height := t.cell(m, row, column)
			planes[5] = append(planes[5], step(&last[5], land/landStep))
			planes[6] = append(planes[6], step(&last[6], height/reliefStep))
		}
	}
	for _, plane := range planes {
		b.Write(plane)
	}
	return b.Bytes()
}

// step returns the difference of v, rounded, from last, and makes it the last.
func step(last *byte, v float64) byte {
	now := byte(int(math.Round(v))) //nolint:gosec // two's complement is meant; the ranges fit a byte
	d := now - *last
	*last = now
	return d
}

func compress(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
