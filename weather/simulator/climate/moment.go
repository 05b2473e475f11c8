package climate

import "math"

// A moment is the state of the air from which all conditions follow. Between
// whole hours it is interpolated.
type moment struct {
	temperature float64 // °C
	dewPoint    float64 // °C
	pressure    float64 // at sea level, hPa
	cloud       float64 // share of the sky, percent
	chance      float64 // of precipitation, percent
	unrest      float64 // how unstable the air is; about 0, seldom past 2
	east, north float64 // the wind's components, m/s
	rain        float64 // precipitation of whatever kind in the hour before, mm of water
}

// Rain falls where the air's wetness passes this threshold.
const wetEnough = 1.05

// No temperature beyond these has been measured at the surface: Vostok in 1983 and
// Furnace Creek in 1913, by the WMO's archive of extremes.
const (
	coldest = -89.2 // °C
	hottest = 56.7
)

// hour returns the state at a whole hour, counted from 1970.
func (p *Place) hour(hour int64) moment {
	slot := &p.recent[hour&1]
	if !slot.known || slot.hour != hour {
		slot.hour, slot.known, slot.moment = hour, true, p.work(hour)
	}
	return slot.moment
}

func (p *Place) work(hour int64) moment {
	unix := hour * 3600
	s := p.noise.at(hour)
	mean, daily := p.usual(unix)
	mean += p.spread * s[fieldWarmth]

	// Low pressure and moist air make it wet; where it is warm, so do afternoons.
	warm := min(max((mean-8)/14, 0), 1)
	wet := p.wetness(unix) - 0.75*s[fieldPressure] + 0.66*s[fieldMoisture] + 0.25*warm*p.clock(unix, 16)
	m := moment{
		temperature: min(max(mean+daily, coldest), hottest),
		pressure:    p.usualPressure() + (2.2+7*p.sinLatitude*p.sinLatitude)*s[fieldPressure],
		cloud:       100 * logistic(1.5*(wet+0.15)),
		chance:      100 * logistic(2.6*(wet-wetEnough+0.1)),
		unrest:      warm*(1.2+0.5*p.clock(unix, 16)) + 0.5*s[fieldMoisture] - 0.6,
	}
	storm := p.roughness * (1 + 0.3*max(0, -s[fieldPressure]))
	m.east = storm * (p.prevailing() + 3*s[fieldEast])
	m.north = storm * 2.8 * s[fieldNorth]
	m.rain = rainfall(wet, m.temperature)

	// The day's air keeps its moisture while it warms and cools.
	humidity := min(max(66+12*wet, 8), 96)
	m.dewPoint = dewPoint(mean, humidity)
	if m.rain > 0 {
		m.dewPoint = max(m.dewPoint, dewPoint(m.temperature, 78))
	}
	m.dewPoint = min(m.dewPoint, m.temperature)
	return m
}

// rainfall returns the water that falls in an hour, in steps of a tenth of a
// millimetre: warm air brings more of it.
func rainfall(wet, temperature float64) float64 {
	excess := wet - wetEnough
	if excess <= 0 {
		return 0
	}
	most := min(max(math.Exp(0.045*(temperature-12)), 0.25), 2.2)
	return max(1, math.Round(10*most*math.Pow(1.15*excess, 1.6))) / 10
}

// between returns the state at a moment between whole hours.
func (p *Place) between(unix int64) moment {
	before := floorDiv(unix, 3600)
	a := p.hour(before)
	part := float64(unix-before*3600) / 3600
	if part == 0 {
		return a
	}
	b := p.hour(before + 1)
	return moment{
		temperature: blend(a.temperature, b.temperature, part),
		dewPoint:    blend(a.dewPoint, b.dewPoint, part),
		pressure:    blend(a.pressure, b.pressure, part),
		cloud:       blend(a.cloud, b.cloud, part),
		chance:      blend(a.chance, b.chance, part),
		unrest:      blend(a.unrest, b.unrest, part),
		east:        blend(a.east, b.east, part),
		north:       blend(a.north, b.north, part),
		rain:        blend(a.rain, b.rain, part), // what fell in the last hour: some of each
	}
}

func blend(a, b, part float64) float64 { return a + (b-a)*part }

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
