package weather

import (
	"math"
	"time"
)

// A Measure is a measured or forecast value, NaN where the provider has none.
type Measure float64

// Missing is the Measure of what is not known.
var Missing = Measure(math.NaN())

// Known reports whether m has a value.
func (m Measure) Known() bool { return !math.IsNaN(float64(m)) }

// Conditions are the weather at a moment: °C, percent, mm, hPa, km/h, degrees.
type Conditions struct {
	Time                time.Time // in the place's time zone
	Temperature         Measure
	ApparentTemperature Measure
	Humidity            Measure
	Precipitation       Measure
	CloudCover          Measure
	Pressure            Measure
	WindSpeed           Measure
	WindDirection       Measure // where it comes from
	WindGusts           Measure
	Code                Code
	Daylight            Daylight
}

// An Hour is the weather expected in an hour; its Time is the hour's start.
type Hour struct {
	Conditions
	PrecipitationProbability Measure // percent
}

// A Day is the weather expected on a day: °C, mm, percent, km/h.
type Day struct {
	Date                        time.Time // its first moment, in the place's time zone
	TemperatureMin              Measure
	TemperatureMax              Measure
	PrecipitationSum            Measure
	PrecipitationProbabilityMax Measure
	WindSpeedMax                Measure
	Sunrise, Sunset             time.Time // zero where the sun does not rise or set
	Code                        Code
}

// Daylight says whether the sun is up.
type Daylight int8

// The daylights.
const (
	DaylightUnknown Daylight = iota
	Night
	Daytime
)

// IsDay returns whether the sun is up, and false if that is not known.
func (c Conditions) IsDay() (day, ok bool) {
	return c.Daylight == Daytime, c.Daylight != DaylightUnknown
}

// WeatherCode returns the WMO code, and false if there is none.
func (c Conditions) WeatherCode() (int, bool) { return c.Code.value() }

// Condition returns the group of the WMO code, and false if there is none.
func (c Conditions) Condition() (Condition, bool) { return c.Code.Condition() }

// Description returns the WMO code in words, and false if there is none.
func (c Conditions) Description() (string, bool) { return c.Code.Description() }

// WeatherCode returns the WMO code of the day's most severe weather, and false if there is none.
func (d Day) WeatherCode() (int, bool) { return d.Code.value() }

// Condition returns the group of the WMO code, and false if there is none.
func (d Day) Condition() (Condition, bool) { return d.Code.Condition() }

// Description returns the WMO code in words, and false if there is none.
func (d Day) Description() (string, bool) { return d.Code.Description() }
