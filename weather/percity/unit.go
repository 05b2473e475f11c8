package percity

// A unit is one that a service may give a value in: ours is theirs·scale + offset.
type unit struct {
	name          string
	scale, offset float64
}

// Units are those of one quantity; the first is ours.
type units []unit

// The international foot-pound definitions; 1 inHg is 33.86389 hPa (NIST SP 811).
var (
	temperatures = units{{"°C", 1, 0}, {"°F", 5.0 / 9, -160.0 / 9}, {"K", 1, -273.15}}
	speeds       = units{{"km/h", 1, 0}, {"m/s", 3.6, 0}, {"mph", 1.609344, 0}, {"kn", 1.852, 0}}
	depths       = units{{"mm", 1, 0}, {"inch", 25.4, 0}}
	pressures    = units{{"hPa", 1, 0}, {"mbar", 1, 0}, {"kPa", 10, 0}, {"Pa", 0.01, 0}, {"inHg", 33.86389, 0}}
	shares       = units{{"%", 1, 0}, {"fraction", 100, 0}}
	angles       = units{{"°", 1, 0}}
	moments      = units{{"rfc3339", 0, 0}, {"unix", 1, 0}, {"unix-ms", 0.001, 0}}
	codes        = units{{"wmo", 1, 0}}
	truths       = units{{"0 or 1", 1, 0}}
)

// find returns the unit of a name, ours for none.
func (u units) find(name string) (unit, bool) {
	if name == "" {
		return u[0], true
	}
	for _, unit := range u {
		if unit.name == name {
			return unit, true
		}
	}
	return unit{}, false
}
