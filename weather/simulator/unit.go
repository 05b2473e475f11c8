package simulator

// A quantity is a sort of value; the request chooses the unit of some.
type quantity uint8

const (
	temperature quantity = iota
	percentage
	hectopascal
	speed
	water // mm
	snow  // cm
	distance
	direction
	wmoCode
	truth
	moment // a time, written in the request's format
	hours
	quantities
)

// A unit writes the values of a quantity.
type unit struct {
	name     string
	decimals int
	scale    float64 // from the unit the climate gives
	offset   float64
}

// metric are the service's units when a request chooses none. The climate gives
// winds in m/s.
var metric = [quantities]unit{
	temperature: {name: "°C", decimals: 1, scale: 1},
	percentage:  {name: "%", scale: 1},
	hectopascal: {name: "hPa", decimals: 1, scale: 1},
	speed:       {name: "km/h", decimals: 1, scale: 3.6},
	water:       {name: "mm", decimals: 2, scale: 1},
	snow:        {name: "cm", decimals: 2, scale: 1},
	distance:    {name: "m", decimals: 2, scale: 1},
	direction:   {name: "°", scale: 1},
	wmoCode:     {name: "wmo code", scale: 1},
	truth:       {name: "", scale: 1},
	moment:      {name: "iso8601", scale: 1},
	hours:       {name: "h", decimals: 1, scale: 1},
}

// units returns the units that the request asks for.
func (p parameters) units() (u [quantities]unit, err error) {
	u = metric
	degrees, err := p.choice("temperature_unit", "TemperatureUnit", "celsius", "fahrenheit")
	if err != nil {
		return u, err
	}
	if degrees == "fahrenheit" {
		u[temperature] = unit{name: "°F", decimals: 1, scale: 1.8, offset: 32}
	}
	winds, err := p.windUnit()
	if err != nil {
		return u, err
	}
	switch winds {
	case "mph":
		u[speed] = unit{name: "mp/h", decimals: 1, scale: 2.237}
	case "kn":
		u[speed] = unit{name: "kn", decimals: 1, scale: 1.94384}
	case "ms":
		u[speed] = unit{name: "m/s", decimals: 2, scale: 1}
	}
	rains, err := p.choice("precipitation_unit", "PrecipitationUnit", "mm", "inch")
	if err != nil {
		return u, err
	}
	lengths, err := p.choice("length_unit", "LengthUnit", "metric", "imperial")
	if err != nil {
		return u, err
	}
	if _, chosen := p["precipitation_unit"]; rains == "inch" || lengths == "imperial" && !chosen {
		u[water] = unit{name: "inch", decimals: 3, scale: 1 / 25.4}
		u[snow] = unit{name: "inch", decimals: 3, scale: 1 / 2.54}
		if rains == "inch" {
			u[distance] = unit{name: "ft", decimals: 3, scale: 3.280839895}
		}
	}
	times, err := p.choice("timeformat", "Timeformat", "iso8601", "unixtime")
	u[moment].name = times
	return u, err
}

// windUnit returns the unit of winds; the service's older name for it goes first.
func (p parameters) windUnit() (string, error) {
	winds, err := p.choice("wind_speed_unit", "WindspeedUnit", "kmh", "mph", "kn", "ms")
	if err != nil {
		return "", err
	}
	if _, older := p["windspeed_unit"]; older {
		return p.choice("windspeed_unit", "WindspeedUnit", "kmh", "mph", "kn", "ms")
	}
	return winds, nil
}
