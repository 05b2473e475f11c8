package climate

import "math"

// The noise is a function on a lattice in space and time. Space is the Earth's
// ball in three dimensions, so that nothing happens at the antimeridian or at the
// poles; the lattice is 500 km wide. Each octave has knots in time, one a period
// apart. Hashing a lattice corner and a knot gives one independent number for each
// field; between them the numbers are blended smoothly and scaled back to a
// variance of one.

const (
	seed         = 0x6261726f67726170 // "barograp"
	earthRadius  = 6371.0             // km
	latticeWidth = 500.0              // km
)

// periods are the octaves' lengths in hours: 6 hours, 2, 5 and 12 days.
var periods = [...]int64{6, 48, 120, 288}

const octaves = len(periods)

// The fields that the hash gives, with twelve bits each.
const (
	fieldPressure = iota
	fieldWarmth
	fieldEast
	fieldNorth
	fieldMoisture
	fields
)

// mixes says how much of each octave a field has. The squares of a row sum to one.
var mixes = [fields][octaves]float64{
	fieldPressure: {0, 0.40, 0.68, 0.614},
	fieldWarmth:   {0.25, 0.50, 0.60, 0.572},
	fieldEast:     {0.34, 0.60, 0.724, 0},
	fieldNorth:    {0.34, 0.60, 0.724, 0},
	fieldMoisture: {0.50, 0.62, 0.605, 0},
}

// A sample holds one value of each field, each with mean 0 and variance 1.
type sample [fields]float64

// noise is the noise of one point. It remembers the knots it used last, for hours
// are mostly asked for in turn; so it is not safe for concurrent use.
type noise struct {
	corners [8]uint64 // hashes of the lattice corners around the point
	weights [8]float64
	knots   [octaves]struct {
		index      int64 // of the earlier one
		known      bool
		this, next sample
	}
}

func newNoise(latitude, longitude float64) noise {
	sinLat, cosLat := math.Sincos(radians(latitude))
	sinLon, cosLon := math.Sincos(radians(longitude))
	const radius = earthRadius / latticeWidth
	var low, part [3]float64
	for i, v := range [3]float64{cosLat * cosLon * radius, cosLat * sinLon * radius, sinLat * radius} {
		low[i] = math.Floor(v)
		part[i] = smooth(v - low[i])
	}
	n := noise{}
	squares := 0.0
	for corner := range n.corners {
		h, w := uint64(seed), 1.0
		for axis := range low {
			side := corner >> axis & 1
			h = mix(h ^ uint64(int64(low[axis])+int64(side))) //nolint:gosec // any bits will do
			if side == 1 {
				w *= part[axis]
			} else {
				w *= 1 - part[axis]
			}
		}
		n.corners[corner], n.weights[corner] = h, w
		squares += w * w
	}
	for i := range n.weights {
		n.weights[i] /= math.Sqrt(squares)
	}
	return n
}

// at returns the noise at a whole hour, counted from 1970.
func (n *noise) at(hour int64) sample {
	var s sample
	for o, period := range periods {
		index := floorDiv(hour, period)
		k := &n.knots[o]
		switch {
		case k.known && k.index == index:
		case k.known && k.index+1 == index:
			k.this, k.next = k.next, n.knot(o, index+1)
		default:
			k.this, k.next = n.knot(o, index), n.knot(o, index+1)
		}
		k.index, k.known = index, true

		late := smooth(float64(hour-index*period) / float64(period))
		scale := 1 / math.Sqrt(late*late+(1-late)*(1-late))
		for f := range s {
			s[f] += mixes[f][o] * scale * (k.this[f]*(1-late) + k.next[f]*late)
		}
	}
	return s
}

// knot returns the noise of one octave at one of its knots.
func (n *noise) knot(octave int, index int64) sample {
	const (
		bits  = 12
		steps = 1 << bits
	)
	var s sample
	when := mix(uint64(index)<<2 | uint64(octave)) //nolint:gosec // any bits will do
	for i, corner := range n.corners {
		h := mix(corner ^ when)
		for f := range s {
			s[f] += n.weights[i] * float64(h&(steps-1))
			h >>= bits
		}
	}
	// From whole steps to variance one: a uniform variable of width w has w/√12.
	total := 0.0
	for _, w := range n.weights {
		total += w
	}
	for f := range s {
		s[f] = (s[f] - total*(steps-1)/2) * (2 * math.Sqrt(3) / steps)
	}
	return s
}

// mix is the finaliser of SplitMix64: every bit of x reaches every bit of the
// result.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// smooth eases t from 0 to 1 with no slope at either end.
func smooth(t float64) float64 { return t * t * (3 - 2*t) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
