package main

import "math"

// A point is a place on the Earth, in degrees north and east.
type point struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

const earthRadius = 6371 // in kilometres, on average

// distance returns the kilometres between two points, by great circle.
func (p point) distance(q point) float64 {
	const radian = math.Pi / 180
	north := math.Sin((q.Latitude - p.Latitude) * radian / 2)
	east := math.Sin((q.Longitude - p.Longitude) * radian / 2)
	h := north*north + math.Cos(p.Latitude*radian)*math.Cos(q.Latitude*radian)*east*east
	return 2 * earthRadius * math.Asin(math.Sqrt(h))
}
