package climate

// A kind is the sort of precipitation that falls.
type kind uint8

const (
	dry kind = iota
	rain
	freezingRain
	shower
	thunder
	snow
	snowShower
)

// kindOf says what falls: snow about freezing and below, showers from unstable
// air, and now and then rain that freezes where it lands.
func kindOf(m *moment) kind {
	const (
		snowBelow  = 0.8 // °C
		unstable   = 0.6
		thundering = 1.35
	)
	switch t := m.temperature; {
	case m.rain <= 0:
		return dry
	case t < 0 && t > -2.5 && m.unrest > 0.1:
		return freezingRain // warm air aloft
	case t < snowBelow && m.unrest > 0:
		return snowShower
	case t < snowBelow:
		return snow
	case m.unrest > thundering && t > 15 && m.rain >= 1.5:
		return thunder
	case m.unrest > unstable:
		return shower
	}
	return rain
}

// code returns the WMO code of the weather, by the amount that falls in an hour.
func code(m *moment, k kind, visibility float64) int {
	switch k {
	case rain:
		return grade(m.rain, []float64{0.5, 1, 1.3, 2.5, 7.6}, []int{51, 53, 55, 61, 63, 65})
	case freezingRain:
		return grade(m.rain, []float64{0.5, 1.3, 2.5}, []int{56, 57, 66, 67})
	case shower:
		return grade(m.rain, []float64{2.5, 7.6}, []int{80, 81, 82})
	case thunder:
		return grade(m.rain, []float64{10, 20}, []int{95, 96, 99})
	case snow:
		if m.rain <= 0.1 && m.temperature < -8 {
			return 77
		}
		return grade(m.rain, []float64{0.3, 1.2}, []int{71, 73, 75})
	case snowShower:
		return grade(m.rain, []float64{1.2}, []int{85, 86})
	case dry:
	}
	switch {
	case visibility < 1000 && m.temperature < 0:
		return 48
	case visibility < 1000:
		return 45
	}
	return grade(m.cloud, []float64{20, 50, 80}, []int{0, 1, 2, 3})
}

// grade returns the code of the first limit that v is below, or the last code.
func grade(v float64, limits []float64, codes []int) int {
	for i, limit := range limits {
		if v < limit {
			return codes[i]
		}
	}
	return codes[len(limits)]
}
