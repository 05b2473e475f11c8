package gazetteer

import (
	"cmp"
	"math"
	"slices"
)

// A globe holds the cities as points on the unit sphere, from the south pole to
// the north. Straight lines through the sphere order cities as great circles over
// it do, and know neither poles nor antimeridian.
type globe []point

type point struct {
	x, y, z float64
	city    int32
}

func newPoint(latitude, longitude float64, city int) point {
	latitude, longitude = latitude*math.Pi/180, longitude*math.Pi/180
	return point{
		x:    math.Cos(latitude) * math.Cos(longitude),
		y:    math.Cos(latitude) * math.Sin(longitude),
		z:    math.Sin(latitude),
		city: int32(city), //nolint:gosec // a city's number; there are thousands
	}
}

func newGlobe(cities []City) globe {
	points := make(globe, len(cities))
	for i, c := range cities {
		points[i] = newPoint(c.Latitude, c.Longitude, i)
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.z, b.z) })
	return points
}

// nearest returns the number of the city nearest to q, the more populous of two
// equally near, or -1 when there is none. It walks away from q's latitude to both
// sides at once, until latitude alone is farther than the nearest so far.
func (points globe) nearest(q point) int32 {
	north, _ := slices.BinarySearchFunc(points, q, func(p, q point) int { return cmp.Compare(p.z, q.z) })
	south := north - 1
	nearest, least := int32(-1), math.Inf(1)
	consider := func(p point) {
		d := square(p.x-q.x) + square(p.y-q.y) + square(p.z-q.z)
		if d < least || d == least && p.city < nearest {
			nearest, least = p.city, d
		}
	}
	for open := true; open; {
		open = false
		if north < len(points) && square(points[north].z-q.z) <= least {
			consider(points[north])
			north++
			open = true
		}
		if south >= 0 && square(points[south].z-q.z) <= least {
			consider(points[south])
			south--
			open = true
		}
	}
	return nearest
}

func square(x float64) float64 { return x * x }

// Nearest returns the city nearest to a point in degrees, by great circle; of two
// equally near, the more populous. A longitude may be given either side of the
// antimeridian. It returns nil when a coordinate is not a finite number.
func (g *Gazetteer) Nearest(latitude, longitude float64) *City {
	city := g.globe.nearest(newPoint(latitude, longitude, -1))
	if city < 0 {
		return nil
	}
	return &g.cities[city]
}
