package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
)

// The classic netCDF format's tags and element types that the two inputs use.
const (
	tagDimension = 0x0a
	tagVariable  = 0x0b
	tagAttribute = 0x0c

	typeShort  = 3
	typeInt    = 4
	typeFloat  = 5
	typeDouble = 6
)

var sizes = map[uint32]int{1: 1, 2: 1, typeShort: 2, typeInt: 4, typeFloat: 4, typeDouble: 8}

var errTruncated = errors.New("the file ends too early")

// A dataset is a classic netCDF file (CDF-1) held in memory. It reads what the
// climate needs: whole numeric variables, with or without a record dimension.
type dataset struct {
	data       []byte
	pos        int
	dimensions []dimension
	variables  map[string]variable
	records    int
	recordSize int
	err        error
}

type dimension struct {
	name   string
	length int // 0 for the record dimension
}

type variable struct {
	dimensions []int
	kind       uint32
	size       int
	begin      int
}

// openDataset reads the file at path and its header.
func openDataset(path string) (*dataset, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator of this program names its inputs
	if err != nil {
		return nil, err
	}
	d := &dataset{data: data, variables: map[string]variable{}}
	d.header()
	if d.err != nil {
		return nil, fmt.Errorf("read the header of %s: %w", path, d.err)
	}
	return d, nil
}

func (d *dataset) header() {
	if magic := d.uint32(); magic != 0x43444601 { // "CDF\x01"
		d.fail(fmt.Errorf("not a classic netCDF file: it begins with %#08x", magic))
		return
	}
	d.records = int(d.uint32())
	for range d.list(tagDimension) {
		d.dimensions = append(d.dimensions, dimension{name: d.name(), length: int(d.uint32())})
	}
	d.skipAttributes()
	for range d.list(tagVariable) {
		d.variable()
	}
}

func (d *dataset) variable() {
	name := d.name()
	v := variable{}
	for range d.uint32() {
		id := int(d.uint32())
		if d.err == nil && id >= len(d.dimensions) {
			d.fail(fmt.Errorf("variable %s has a dimension that does not exist", name))
		}
		if d.err != nil {
			return
		}
		v.dimensions = append(v.dimensions, id)
	}
	d.skipAttributes()
	v.kind, v.size, v.begin = d.uint32(), int(d.uint32()), int(d.uint32())
	if d.recorded(v) {
		d.recordSize += v.size
	}
	d.variables[name] = v
}

func (d *dataset) recorded(v variable) bool {
	return len(v.dimensions) > 0 && d.dimensions[v.dimensions[0]].length == 0
}

// floats returns the variable's values in the file's order, and the length of
// each of its dimensions.
func (d *dataset) floats(name string) ([]float64, []int, error) {
	v, ok := d.variables[name]
	if !ok {
		return nil, nil, fmt.Errorf("no variable %s", name)
	}
	shape, inner := make([]int, len(v.dimensions)), 1
	for i, id := range v.dimensions {
		shape[i] = d.dimensions[id].length
		if i > 0 || shape[i] != 0 {
			inner *= shape[i]
		}
	}
	blocks, stride := 1, 0
	if d.recorded(v) {
		shape[0], blocks, stride = d.records, d.records, d.recordSize
	}
	values := make([]float64, 0, blocks*inner)
	for b := range blocks {
		from := v.begin + b*stride
		to := from + inner*sizes[v.kind]
		if from < 0 || to > len(d.data) {
			return nil, nil, fmt.Errorf("read variable %s: %w", name, errTruncated)
		}
		for raw := d.data[from:to]; len(raw) > 0; raw = raw[sizes[v.kind]:] {
			value, err := element(v.kind, raw)
			if err != nil {
				return nil, nil, fmt.Errorf("read variable %s: %w", name, err)
			}
			values = append(values, value)
		}
	}
	return values, shape, nil
}

func element(kind uint32, raw []byte) (float64, error) {
	switch kind {
	case typeShort:
		return float64(int16(binary.BigEndian.Uint16(raw))), nil //nolint:gosec // two's complement is meant
	case typeInt:
		return float64(int32(binary.BigEndian.Uint32(raw))), nil //nolint:gosec // two's complement is meant
	case typeFloat:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(raw))), nil
	case typeDouble:
		return math.Float64frombits(binary.BigEndian.Uint64(raw)), nil
	}
	return 0, fmt.Errorf("element type %d is not a number", kind)
}

// list reads the head of a list and returns its length: an absent list is two
// zero words.
func (d *dataset) list(tag uint32) int {
	got, n := d.uint32(), d.uint32()
	if got != tag && (got != 0 || n != 0) {
		d.fail(fmt.Errorf("a list of kind %#x where %#x was expected", got, tag))
		return 0
	}
	return int(n)
}

func (d *dataset) skipAttributes() {
	for range d.list(tagAttribute) {
		d.name()
		size, n := sizes[d.uint32()], int(d.uint32())
		d.bytes(size * n)
	}
}

func (d *dataset) name() string { return string(d.bytes(int(d.uint32()))) }

// bytes returns the next n bytes and skips the padding to a four-byte border.
func (d *dataset) bytes(n int) []byte {
	if d.err != nil || n < 0 || d.pos+n > len(d.data) {
		d.fail(errTruncated)
		return nil
	}
	b := d.data[d.pos : d.pos+n]
	d.pos += (n + 3) &^ 3
	return b
}

func (d *dataset) uint32() uint32 {
	b := d.bytes(4)
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (d *dataset) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}
