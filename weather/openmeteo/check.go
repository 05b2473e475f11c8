package openmeteo

import (
	"errors"
	"fmt"
	"math"
	"time"

	"barograph/weather"
)

const (
	// gridStep is more than any weather model's grid cell is wide, in degrees: an
	// answer for coordinates further off than that is for another place.
	gridStep   = 1.5
	hourLength = 60 * 60
	dayLength  = 24 * hourLength
)

// lastMoment is well before the end of the year 9999, the last one that a
// time can be written in.
var lastMoment = time.Date(9999, time.December, 30, 0, 0, 0, 0, time.UTC).Unix()

// misplace marks the answers that stand elsewhere than the server counted
// them, unless it does not count: places next to each other have answers that
// nothing else tells apart.
func misplace(answers []answer) {
	counted := false
	for i := range answers {
		counted = counted || answers[i].forecast.Number != 0
	}
	for i := range answers {
		if a := &answers[i]; counted && a.err == nil && a.forecast.Number != i {
			a.err = fmt.Errorf("numbered %d instead of %d", a.forecast.Number, i)
		}
	}
}

// check says why f cannot be the answer for a place at a time.
func (f *forecast) check(place weather.Place, need weather.Need, now time.Time) error {
	if err := f.checkPlace(place); err != nil {
		return err
	}
	if need.Current {
		if err := f.checkCurrent(); err != nil {
			return err
		}
	}
	if err := f.checkHours(need.Hours, now); err != nil {
		return err
	}
	return f.checkDays(need.Days)
}

func (f *forecast) checkPlace(place weather.Place) error {
	if !f.Latitude.given || !f.Longitude.given {
		return errors.New("no coordinates")
	}
	north, east := f.Latitude.number, f.Longitude.number
	apart := math.Abs(math.Mod(east-place.Longitude+540, 360) - 180)
	if math.Abs(north-place.Latitude) > gridStep ||
		apart > gridStep && math.Abs(place.Latitude) < 85 { // towards the poles a cell spans ever more longitudes
		return fmt.Errorf("answered for %v, %v instead of %v, %v", north, east, place.Latitude, place.Longitude)
	}
	return nil
}

func (f *forecast) checkCurrent() error {
	if f.Current == nil || f.Current.Time <= 0 || f.Current.Time > lastMoment {
		return errors.New("no current conditions")
	}
	return nil
}

func (f *forecast) checkHours(n int, now time.Time) error {
	h := &f.Hourly
	switch first := f.firstHour(now); {
	case len(h.Time)-first < n:
		return fmt.Errorf("%d hours instead of %d", len(h.Time)-first, n)
	case !ascending(h.Time):
		return errors.New("hours that do not follow one another")
	}
	for _, l := range []int{len(h.Temperature), len(h.ApparentTemperature), len(h.Humidity), len(h.Precipitation), len(h.PrecipitationProbability),
		len(h.CloudCover), len(h.Pressure), len(h.WindSpeed), len(h.WindDirection), len(h.WindGusts), len(h.Code), len(h.Day)} {
		if l != 0 && l != len(h.Time) {
			return fmt.Errorf("%d hourly values for %d hours", l, len(h.Time))
		}
	}
	return nil
}

// firstHour returns where in the hourly lists the hour of the current conditions
// is, or the first one after it. Without current conditions, it is that of now.
func (f *forecast) firstHour(now time.Time) int {
	current := now.Unix()
	if f.Current != nil {
		current = f.Current.Time
	}
	for i, t := range f.Hourly.Time {
		if t+hourLength > current {
			return i
		}
	}
	return len(f.Hourly.Time)
}

func (f *forecast) checkDays(n int) error {
	d := &f.Daily
	switch {
	case len(d.Time) < n:
		return fmt.Errorf("%d days instead of %d", len(d.Time), n)
	case !ascending(d.Time):
		return errors.New("days that do not follow one another")
	case f.UTCOffset < -dayLength || f.UTCOffset > dayLength:
		return fmt.Errorf("%d seconds from UTC", f.UTCOffset)
	}
	for _, midnight := range d.Time {
		if (midnight+f.UTCOffset)%dayLength != 0 {
			return errors.New("a day that does not begin at midnight")
		}
	}
	for _, l := range []int{len(d.TemperatureMin), len(d.TemperatureMax), len(d.PrecipitationSum), len(d.PrecipitationProbabilityMax),
		len(d.WindSpeedMax), len(d.Sunrise), len(d.Sunset), len(d.Code)} {
		if l != 0 && l != len(d.Time) {
			return fmt.Errorf("%d daily values for %d days", l, len(d.Time))
		}
	}
	return nil
}

// ascending reports whether times are moments one after the other.
func ascending(times []int64) bool {
	last := int64(0)
	for _, t := range times {
		if t <= last || t > lastMoment {
			return false
		}
		last = t
	}
	return true
}

// near reports whether a moment is on a day, or near enough for a clock far
// from the sun's.
func near(moment, midnight int64) bool {
	return moment > midnight-dayLength && moment < midnight+2*dayLength
}
