package climate

import (
	"math"
	"time"
)

// The sun's course follows the equations of NOAA's Global Monitoring Laboratory,
// "General Solar Position Calculations" (after Spencer, 1971): good to about a
// minute between the polar circles.

const day = 86400

// A SunCourse says what the sun does on one day.
type SunCourse uint8

// The sun rises and sets, or it stays down or up for all of the day.
const (
	RisesAndSets SunCourse = iota
	PolarNight
	PolarDay
)

// Sun is the sun's course over one day at one place.
type Sun struct {
	Course    SunCourse
	Rise, Set int64 // seconds since 1970, when the sun rises and sets
}

// Sun returns the sun's course on the day that begins at midnight UTC of date, a
// count of days since 1970, when that date is read by local mean solar time.
func (p *Place) Sun(date int64) Sun {
	noon := float64(date)*day + (12-p.longitude/15)*3600
	declination, equation := solar(noon)
	sinLat, cosLat := p.sinLatitude, p.cosLatitude
	sinDec, cosDec := math.Sincos(declination)
	// The upper limb touches the horizon when the centre is 0.833° below it, for the
	// air bends the light.
	const horizon = -0.01454
	cosine := (horizon - sinLat*sinDec) / (max(cosLat, 1e-9) * cosDec)
	switch {
	case cosine > 1:
		return Sun{Course: PolarNight}
	case cosine < -1:
		return Sun{Course: PolarDay}
	}
	noon -= equation
	half := math.Acos(cosine) / (2 * math.Pi) * day
	return Sun{Course: RisesAndSets, Rise: int64(math.Floor(noon - half)), Set: int64(math.Floor(noon + half))}
}

// Daylight reports whether the sun is up at a moment, in seconds since 1970: from
// the second it rises until the second it sets.
func (p *Place) Daylight(unix int64) bool {
	meanSolar := unix + int64(math.Floor(p.longitude*240))
	date := floorDiv(meanSolar, day)
	if p.up(date, unix) {
		return true
	}
	// Clock and sun differ by up to 17 minutes, so near midnight the light may be
	// that of the day before or of the day after.
	const near = 20 * 60
	switch since := meanSolar - date*day; {
	case since < near:
		return p.sets(date-1, unix)
	case since > day-near:
		return p.rises(date+1, unix)
	}
	return false
}

func (p *Place) up(date, unix int64) bool {
	s := p.sunOn(date)
	return s.Course == PolarDay || s.Course == RisesAndSets && s.Rise <= unix && unix < s.Set
}

func (p *Place) sets(date, unix int64) bool {
	s := p.sunOn(date)
	return s.Course == RisesAndSets && unix < s.Set
}

func (p *Place) rises(date, unix int64) bool {
	s := p.sunOn(date)
	return s.Course == RisesAndSets && s.Rise <= unix
}

// sunOn is Sun, remembering the last day asked for.
func (p *Place) sunOn(date int64) Sun {
	if !p.sunKnown || p.sunDate != date {
		p.sun, p.sunDate, p.sunKnown = p.Sun(date), date, true
	}
	return p.sun
}

// solar returns the sun's declination in radians and the equation of time in
// seconds, by which the sundial is ahead of the clock.
func solar(unix float64) (declination, equation float64) {
	gamma := 2 * math.Pi * yearFraction(unix)
	sin1, cos1 := math.Sincos(gamma)
	sin2, cos2 := 2*sin1*cos1, cos1*cos1-sin1*sin1
	sin3, cos3 := sin2*cos1+cos2*sin1, cos2*cos1-sin2*sin1
	declination = 0.006918 - 0.399912*cos1 + 0.070257*sin1 - 0.006758*cos2 + 0.000907*sin2 - 0.002697*cos3 + 0.00148*sin3
	equation = 229.18 * 60 * (0.000075 + 0.001868*cos1 - 0.032077*sin1 - 0.014615*cos2 - 0.040849*sin2)
	return declination, equation
}

// yearFraction returns how much of the calendar year has passed, from 0 to 1.
func yearFraction(unix float64) float64 {
	t := time.Unix(int64(unix), 0).UTC()
	days := 365.0
	if y := t.Year(); y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		days = 366
	}
	return (float64(t.YearDay()-1) + float64(floorMod(t.Unix(), day))/day) / days
}
