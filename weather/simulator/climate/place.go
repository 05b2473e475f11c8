package climate

import "math"

// Heights outside of these are not on the Earth's land; a place's height is
// brought between them before it cools the air.
const (
	lowest  = -450.0 // m
	highest = 8900.0 // m
)

// lapse is how much colder it is a kilometre higher, K. It is less than the free
// air's 6.5, for valleys and plateaus warm the air over them.
const lapse = 5.5

// A Place is one point of the Earth and its weather. It remembers what it worked
// out last, so it is not safe for concurrent use; two Places of the same point have
// the same weather.
type Place struct {
	latitude, longitude      float64
	sinLatitude, cosLatitude float64
	height                   float64 // above the sea, m
	normals                  normals
	noise                    noise
	spread                   float64 // standard deviation of the temperature's noise, K
	roughness                float64 // of the ground: how much wind it lets through

	sun      Sun
	sunDate  int64
	sunKnown bool

	recent [2]struct { // the last two hours worked out, found by their parity
		hour   int64
		known  bool
		moment moment
	}
}

// Place returns the place at a latitude from −90 to 90 and a longitude from −180
// to 180 degrees, height metres above the sea; NaN stands for the relief's height.
func (c *Climate) Place(latitude, longitude, height float64) *Place {
	p := &Place{latitude: latitude, longitude: longitude, normals: c.at(latitude, longitude), noise: newNoise(latitude, longitude)}
	p.sinLatitude, p.cosLatitude = math.Sincos(radians(latitude))
	p.height = p.normals.relief
	if !math.IsNaN(height) {
		p.height = min(max(height, lowest), highest)
	}
	p.spread = 1 + 4*p.sinLatitude*p.sinLatitude
	p.roughness = 1.25 - 0.55*p.normals.land
	return p
}

// Relief returns the height of the surface there, in metres, as the climate's
// coarse grid has it.
func (p *Place) Relief() float64 { return p.normals.relief }

// usual returns the temperature that a moment usually has there, and how much of it
// is due to the time of day.
func (p *Place) usual(unix int64) (mean, daily float64) {
	sin, cos := math.Sincos(2 * math.Pi * yearFraction(float64(unix)))
	n := &p.normals
	mean = n.mean + n.cos[0]*cos + n.sin[0]*sin + n.cos[1]*(cos*cos-sin*sin) + n.sin[1]*2*sin*cos
	mean -= lapse * (p.height - n.relief) / 1000
	daily = n.swing / 2 * p.clock(unix, 15)
	return mean, daily
}

// clock returns a cosine over the solar day with its peak at an hour of it.
func (p *Place) clock(unix int64, peak float64) float64 {
	hour := float64(floorMod(unix, day))/3600 + p.longitude/15
	return math.Cos(2 * math.Pi * (hour - peak) / 24)
}

// wetness returns how much wetter than the rest of the world the place usually is
// in a season: the rains around the equator follow the sun, and so do the dry
// belts beside them; the storms keep to the middle latitudes; far inland it is dry.
func (p *Place) wetness(unix int64) float64 {
	season := -math.Cos(2 * math.Pi * (yearFraction(float64(unix)) - 0.08)) // 1 in the north's summer
	dry := 26 + 6*season*min(max(p.latitude/10, -1), 1)                     // degrees from the equator
	away := math.Abs(p.latitude)
	w := 0.30*bump(p.latitude-11*season, 10) - 0.85*bump(away-dry, 10) + 0.15*bump(away-52, 13) - 0.2*bump(away-90, 15)
	return w - 0.8*max(0, p.normals.surrounded-0.5)*bump(away-27, 20)
}

// prevailing returns the speed of the usual wind towards the east, m/s: trade
// winds blow to the west, the middle latitudes' winds to the east.
func (p *Place) prevailing() float64 {
	away := math.Abs(p.latitude)
	return -3.5*bump(away-13, 10) + 3.5*bump(away-48, 14) - 1.5*bump(away-76, 9)
}

// usualPressure returns the mean pressure at sea level, hPa: high over the dry
// belts, low where it rains and where the storms pass.
func (p *Place) usualPressure() float64 {
	away := math.Abs(p.latitude)
	return 1013 - 2.5*bump(away, 12) + 5*bump(away-30, 11) - 6*bump(away-62, 12)
}

// bump returns 1 where x is 0 and falls to nothing over a few widths.
func bump(x, width float64) float64 { return math.Exp(-(x / width) * (x / width)) }
