package simulator

import "time"

// A location is one that the request names.
type location struct {
	latitude, longitude float64
	elevation           float32 // NaN for the height of the climate's own surface
	given               bool    // the request says the elevation
	id                  int
	zone                zone
}

// locate makes the request's locations of the lists that describe them.
func (r *request) locate(latitudes, longitudes, elevations []float32, ids []int) error {
	switch n := len(latitudes); {
	case n != len(longitudes), len(ids) > 0 && len(ids) != n:
		return badRequest("Parameter 'latitude' and 'longitude' must have the same number of elements")
	case len(elevations) > 0 && len(elevations) != n:
		return badRequest("Parameter 'elevation' must have the same number of elements as coordinates")
	case n == 0:
		return badRequest("Parameter 'latitude' and 'longitude' must not be empty")
	}
	r.locations = make([]location, len(latitudes))
	for i := range r.locations {
		if latitude := latitudes[i]; !(latitude >= -90 && latitude <= 90) {
			return badRequest("Latitude must be in range of -90 to 90°. Given: %s.", float32Text(latitude))
		}
		if longitude := longitudes[i]; !(longitude >= -180 && longitude <= 180) {
			return badRequest("Longitude must be in range of -180 to 180°. Given: %s.", float32Text(longitude))
		}
		l := location{latitude: float64(latitudes[i]), longitude: float64(longitudes[i]), id: i}
		if len(elevations) > 0 {
			l.elevation, l.given = elevations[i], true
		}
		if len(ids) > 0 {
			l.id = ids[i]
		}
		r.locations[i] = l
	}
	return nil
}

// A zoneChoice is a zone, or the zone of each location itself.
type zoneChoice struct {
	auto bool
	zone zone
}

func (h *handler) zones(p parameters, at time.Time) ([]zoneChoice, error) {
	names, _, err := p.list("timezone")
	if err != nil {
		return nil, err
	}
	choices := make([]zoneChoice, len(names))
	for i, name := range names {
		if name == "auto" {
			choices[i].auto = true
			continue
		}
		z, ok := zoneNamed(name, at)
		if !ok {
			return nil, badRequest("Invalid timezone")
		}
		choices[i].zone = z
	}
	return choices, nil
}

// clock gives every location its zone: its own choice, the only one, or GMT.
func (h *handler) clock(r *request, choices []zoneChoice) error {
	if len(choices) == 0 {
		choices = []zoneChoice{{zone: gmt}}
	}
	if len(choices) > 1 && len(choices) != len(r.locations) {
		return badRequest("Parameter 'timezone' and coordinates must have the same number of elements")
	}
	for i := range r.locations {
		l, choice := &r.locations[i], choices[min(i, len(choices)-1)]
		if l.zone = choice.zone; choice.auto {
			l.zone = h.zoneOf(l.latitude, l.longitude, r.at)
		}
	}
	return nil
}
