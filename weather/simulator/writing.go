package simulator

import (
	"math"
	"strconv"
	"strings"
	"time"
)

func (w *writer) text(parts ...string) {
	for _, part := range parts {
		w.buffer = append(w.buffer, part...)
	}
}

func (w *writer) comma(i int) {
	if i > 0 {
		w.buffer = append(w.buffer, ',')
	}
}

// open begins a section's units.
func (w *writer) open(section string) {
	w.text(`,"`, section, `_units":{"time":"`, w.units[moment].name, `"`)
}

// times ends a section's units and begins the section with its times.
func (w *writer) times(section string, z zone, s stretch, dates bool) {
	w.text(`},"`, section, `":{"time":[`)
	for i := range s.count {
		w.comma(i)
		w.time(s.from+int64(i)*s.step, z, dates)
	}
	w.buffer = append(w.buffer, ']')
}

// time writes a moment in the request's format: local without an offset, a day by
// its date alone, or in seconds since 1970.
func (w *writer) time(unix int64, z zone, date bool) {
	if w.units[moment].name == "unixtime" {
		w.buffer = strconv.AppendInt(w.buffer, unix, 10)
		return
	}
	layout := `"2006-01-02T15:04"`
	if date {
		layout = `"2006-01-02"`
	}
	w.buffer = time.Unix(unix+z.offset, 0).UTC().AppendFormat(w.buffer, layout)
}

// number writes a value in its unit with the unit's decimals; what is no number is
// null.
func (w *writer) number(v float64, q quantity) {
	u := &w.units[q]
	v = v*u.scale + u.offset
	if math.IsNaN(v) || math.Abs(v) > 1e12 {
		w.buffer = append(w.buffer, "null"...)
		return
	}
	w.buffer = appendFixed(w.buffer, v, u.decimals)
}

var powers = [...]float64{1, 10, 100, 1000}

// appendFixed appends v with a fixed number of decimals, at most three.
func appendFixed(b []byte, v float64, decimals int) []byte {
	n := int64(math.Round(v * powers[decimals]))
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	if decimals == 0 {
		return strconv.AppendInt(b, n, 10)
	}
	scale := int64(powers[decimals])
	b = strconv.AppendInt(b, n/scale, 10)
	b = append(b, '.')
	for rest := n % scale; scale > 1; rest %= scale {
		scale /= 10
		b = append(b, byte('0'+rest/scale)) //nolint:gosec // a digit
	}
	return b
}

// float32Text writes a number as the service does: as short as tells it from all
// others, with a fraction.
func float32Text(f float32) string {
	if math.IsInf(float64(f), 0) || math.IsNaN(float64(f)) {
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(float64(f), 'g', -1, 32), "+"))
	}
	format := byte('f')
	if a := math.Abs(float64(f)); a >= 1<<24 || a != 0 && a < 1e-4 {
		format = 'e'
	}
	s := strconv.FormatFloat(float64(f), format, -1, 32)
	if format == 'f' && !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
