// Package climate simulates the weather of the Earth: for any place and any
// moment the same believable conditions every time, with no clock and no random
// source. A place's temperature follows the monthly means of a climate model, its
// height and the hour of the day; smooth noise hashed from a lattice in space and
// time adds the weather, so that neighbours and neighbouring hours agree. Rain
// falls where the pressure is low, and cloud, humidity, gusts and the weather code
// follow from the same numbers, so that no two fields contradict each other.
//
// The monthly means come from MPI-ESM-LR's contribution to CMIP5; the README of
// the build folder names the sources. The package knows nothing of HTTP or of any
// provider's format.
package climate

import (
	"bytes"
	"compress/gzip"
	_ "embed" // holds the normals
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

//go:embed normals.bin.gz
var embedded []byte

// Earth returns the climate in the embedded data, decoded once per process. It is
// safe for concurrent use.
var Earth = sync.OnceValue(func() *Climate {
	c, err := Decode(bytes.NewReader(embedded))
	if err != nil {
		panic(fmt.Sprintf("climate: the embedded normals are broken: %v", err)) // they were built into this binary
	}
	return c
})

// A Climate holds what is normal for every cell of a grid over the Earth. It never
// changes, so it is safe for concurrent use.
type Climate struct {
	latitudes []float64 // of the rows, from south to north
	columns   int       // evenly spaced from longitude 0 eastwards
	cells     []normals // row by row
	poles     [2]normals
}

// normals are what is usual in one cell, or between cells.
type normals struct {
	mean       float64    // annual mean temperature at the cell's own height, °C
	cos, sin   [2]float64 // the first two annual harmonics of the temperature, K
	relief     float64    // mean height of the surface, m
	land       float64    // share of land, here
	surrounded float64    // share of land within three cells
	swing      float64    // from the day's coldest to its warmest hour, K
}

// The stored form: see the build folder, which writes it.
const (
	magic      = "climate1"
	planes     = 7
	kelvinStep = 0.5
	reliefStep = 25
	landStep   = 1.0 / 250
	maxCells   = 1 << 20
)

var errFormat = errors.New("not a climate file")

// Decode reads a climate from the compressed form the build folder's program
// writes.
func Decode(r io.Reader) (*Climate, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	var head struct {
		Magic         [len(magic)]byte
		Rows, Columns uint16
	}
	if err := binary.Read(unzipped, binary.BigEndian, &head); err != nil {
		return nil, fmt.Errorf("read the head: %w", err)
	}
	rows, columns := int(head.Rows), int(head.Columns)
	if string(head.Magic[:]) != magic || rows < 2 || columns < 2 || rows*columns > maxCells {
		return nil, errFormat
	}
	latitudes := make([]float32, rows)
	if err := binary.Read(unzipped, binary.BigEndian, latitudes); err != nil {
		return nil, fmt.Errorf("read the latitudes: %w", err)
	}
	raw := make([]byte, planes*rows*columns)
	if _, err := io.ReadFull(unzipped, raw); err != nil {
		return nil, fmt.Errorf("read the cells: %w", err)
	}
	c := &Climate{latitudes: make([]float64, rows), columns: columns, cells: make([]normals, rows*columns)}
	for i, latitude := range latitudes {
		c.latitudes[i] = float64(latitude)
		if !(math.Abs(c.latitudes[i]) < 90) || i > 0 && !(c.latitudes[i] > c.latitudes[i-1]) {
			return nil, errFormat
		}
	}
	c.unpack(raw)
	c.spread()
	return c, nil
}

// unpack undoes the differences along each row.
func (c *Climate) unpack(raw []byte) {
	n := len(c.cells)
	var last [planes]byte
	for i := range c.cells {
		if i%c.columns == 0 {
			last = [planes]byte{}
		}
		for p := range last {
			last[p] += raw[p*n+i]
		}
		signed := func(p int) float64 { return float64(int8(last[p])) * kelvinStep } //nolint:gosec // two's complement is meant
		c.cells[i] = normals{
			mean:   signed(0),
			cos:    [2]float64{signed(1), signed(3)},
			sin:    [2]float64{signed(2), signed(4)},
			land:   float64(last[5]) * landStep,
			relief: float64(last[6]) * reliefStep,
		}
	}
}

// spread derives what depends on a cell's surroundings.
func (c *Climate) spread() {
	for i := range c.cells {
		row, column := i/c.columns, i%c.columns
		cell := &c.cells[i]
		near := c.landWithin(row, column, 1)
		cell.surrounded = c.landWithin(row, column, 3)
		// Fitted to the published daily ranges of 429 cities. Open sea, where no city
		// is, swings less than the fit says.
		cell.swing = 14.2 + 6.9*near - 2.4*cell.surrounded - 9.9*math.Abs(math.Sin(radians(c.latitudes[row])))
		cell.swing = max(1.5, cell.swing*min(1, 0.5+3*near))
	}
	// A row ends at a pole in one point, which is the same from every side.
	first, last := c.cells[:c.columns], c.cells[len(c.cells)-c.columns:]
	for _, cell := range first {
		c.poles[0].add(&cell, 1/float64(c.columns))
	}
	for _, cell := range last {
		c.poles[1].add(&cell, 1/float64(c.columns))
	}
	c.poles[0].swing, c.poles[1].swing = 0, 0 // there the sun keeps its height all day
}

// landWithin returns the share of land within some cells of a cell.
func (c *Climate) landWithin(row, column, cells int) float64 {
	sum, n := 0.0, 0
	for r := max(0, row-cells); r <= min(len(c.latitudes)-1, row+cells); r++ {
		for k := column - cells; k <= column+cells; k++ {
			sum += c.cells[r*c.columns+(k%c.columns+c.columns)%c.columns].land
			n++
		}
	}
	return sum / float64(n)
}

// add adds a share of o to n.
func (n *normals) add(o *normals, share float64) {
	n.mean += o.mean * share
	for k := range n.cos {
		n.cos[k] += o.cos[k] * share
		n.sin[k] += o.sin[k] * share
	}
	n.relief += o.relief * share
	n.land += o.land * share
	n.surrounded += o.surrounded * share
	n.swing += o.swing * share
}

// at returns the normals of a point, between those of the four cells around it.
func (c *Climate) at(latitude, longitude float64) normals {
	row := -1 // the row south of the point, −1 below the first
	for row+1 < len(c.latitudes) && c.latitudes[row+1] <= latitude {
		row++
	}
	south, north := -90.0, 90.0
	if row >= 0 {
		south = c.latitudes[row]
	}
	if row+1 < len(c.latitudes) {
		north = c.latitudes[row+1]
	}
	up := (latitude - south) / (north - south)
	x := math.Mod(longitude+360, 360) / 360 * float64(c.columns)
	west := int(x) % c.columns
	east, right := (west+1)%c.columns, x-math.Floor(x)

	var n normals
	c.addRow(&n, row, west, (1-up)*(1-right))
	c.addRow(&n, row, east, (1-up)*right)
	c.addRow(&n, row+1, west, up*(1-right))
	c.addRow(&n, row+1, east, up*right)
	return n
}

func (c *Climate) addRow(n *normals, row, column int, share float64) {
	switch {
	case row < 0:
		n.add(&c.poles[0], share)
	case row >= len(c.latitudes):
		n.add(&c.poles[1], share)
	default:
		n.add(&c.cells[row*c.columns+column], share)
	}
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }
