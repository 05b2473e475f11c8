package climate

import "math"

// Conditions are the weather of one place at one moment. They never contradict
// each other: precipitation comes from a clouded sky and has its code, snow falls
// only when it is about freezing or below, gusts are no weaker than the wind.
type Conditions struct {
	Temperature         float64 // 2 m above ground, °C
	DewPoint            float64 // °C, no higher than the temperature
	Humidity            float64 // relative, percent
	ApparentTemperature float64 // °C
	Pressure            float64 // at sea level, hPa
	SurfacePressure     float64 // at the place's height, hPa
	CloudCover          float64 // percent
	Visibility          float64 // m
	WindSpeed           float64 // 10 m above ground, m/s
	WindGusts           float64 // m/s
	WindDirection       float64 // where it blows from, degrees from north
	Precipitation       float64 // of all kinds, mm of water
	Rain, Showers       float64 // the liquid part, mm
	Snowfall            float64 // the frozen part, cm of snow
	Probability         float64 // of precipitation, percent
	Code                int     // WMO 4677, of those Open-Meteo uses
	Day                 bool    // the sun is up
}

// At returns the conditions at a moment, in seconds since 1970. Amounts are those
// of the hour before it.
func (p *Place) At(unix int64) Conditions {
	m := p.between(unix)
	return p.conditions(unix, &m, 1)
}

// Current returns the conditions at a moment as a station would tell them:
// amounts are those of the quarter of an hour before it.
func (p *Place) Current(unix int64) Conditions {
	m := p.between(unix)
	m.rain = p.hour(floorDiv(unix-1, 3600) + 1).rain // it rains evenly through an hour
	return p.conditions(unix, &m, 0.25)
}

// conditions derives the conditions from the state of the air, in which rain is an
// hour's; amounts are for a share of an hour.
func (p *Place) conditions(unix int64, m *moment, share float64) Conditions {
	c := Conditions{
		Temperature: m.temperature,
		DewPoint:    m.dewPoint,
		Humidity:    100 * min(1, vapour(m.dewPoint)/vapour(m.temperature)),
		Pressure:    m.pressure,
		CloudCover:  m.cloud,
		Probability: m.chance,
		Day:         p.Daylight(unix),
	}
	c.WindSpeed = math.Hypot(m.east, m.north)
	c.WindGusts = 1 + c.WindSpeed*(1.45+0.2*min(max(m.unrest, 0), 2))
	c.WindDirection = math.Mod(270-math.Atan2(m.north, m.east)*180/math.Pi, 360)
	c.ApparentTemperature = apparent(m.temperature, c.Humidity, c.WindSpeed)
	c.SurfacePressure = m.pressure * barometric(m.temperature, p.height)
	if m.rain > 0 {
		c.CloudCover = max(c.CloudCover, 60)
		c.Probability = max(c.Probability, 51)
	}
	kind := kindOf(m)
	c.fall(kind, m.rain*share)
	c.Visibility = visibility(m, kind, c.Humidity, c.WindSpeed)
	c.Code = code(m, kind, c.Visibility)
	return c
}

// fall shares the precipitation out to its kinds.
func (c *Conditions) fall(k kind, water float64) {
	const snowPerWater = 0.7 // cm of snow from a mm of water
	c.Precipitation = water
	switch k {
	case snow, snowShower:
		c.Snowfall = water * snowPerWater
	case shower, thunder:
		c.Showers = water
	case rain, freezingRain:
		c.Rain = water
	case dry:
	}
}

// visibility returns how far one sees, m. Fog needs saturated and calm air.
func visibility(m *moment, k kind, humidity, wind float64) float64 {
	const unhindered = 30000.0
	switch {
	case k == snow || k == snowShower:
		return unhindered / (1.5 + 8*m.rain)
	case k != dry:
		return unhindered / (1.2 + 0.8*m.rain)
	case humidity >= 99 && wind < 2:
		return 150 + 400*wind
	}
	return unhindered * (1 - 0.7*max(0, humidity-50)/50)
}

// vapour returns the pressure of water vapour that saturates air, hPa: Magnus'
// formula, with the constants of the apparent temperature's.
func vapour(celsius float64) float64 {
	return 6.105 * math.Exp(17.27*celsius/(237.7+celsius))
}

// dewPoint returns the temperature at which air of some temperature and relative
// humidity is saturated.
func dewPoint(celsius, humidity float64) float64 {
	x := 17.27*celsius/(237.7+celsius) + math.Log(humidity/100)
	return 237.7 * x / (17.27 - x)
}

// apparent returns what the temperature feels like in the shade, by R. G.
// Steadman's "Norms of apparent temperature in Australia" (1994), as the
// Australian Bureau of Meteorology uses it. The wind is in m/s.
func apparent(celsius, humidity, wind float64) float64 {
	return celsius + 0.33*vapour(celsius)*humidity/100 - 0.70*wind - 4
}

// barometric returns the pressure at a height as a share of that at sea level, in
// air that is so warm there and 6.5 K per kilometre warmer below.
func barometric(celsius, height float64) float64 {
	const perMetre, exponent = 0.0065, 5.25588
	return math.Pow(1-perMetre*height/(celsius+273.15+perMetre*height), exponent)
}
