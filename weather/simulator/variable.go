package simulator

import (
	"math"

	"barograph/weather/simulator/climate"
)

// A variable is one that current and hourly can ask for.
type variable struct {
	name     string // as the request wrote it, and the answer repeats it
	quantity quantity
	of       func(*climate.Conditions) float64
}

// variables are the hourly variables by their names.
var variables = map[string]variable{
	"temperature_2m":            {quantity: temperature, of: func(c *climate.Conditions) float64 { return c.Temperature }},
	"relative_humidity_2m":      {quantity: percentage, of: func(c *climate.Conditions) float64 { return c.Humidity }},
	"dew_point_2m":              {quantity: temperature, of: func(c *climate.Conditions) float64 { return c.DewPoint }},
	"apparent_temperature":      {quantity: temperature, of: func(c *climate.Conditions) float64 { return c.ApparentTemperature }},
	"precipitation_probability": {quantity: percentage, of: func(c *climate.Conditions) float64 { return c.Probability }},
	"precipitation":             {quantity: water, of: func(c *climate.Conditions) float64 { return c.Precipitation }},
	"rain":                      {quantity: water, of: func(c *climate.Conditions) float64 { return c.Rain }},
	"showers":                   {quantity: water, of: func(c *climate.Conditions) float64 { return c.Showers }},
	"snowfall":                  {quantity: snow, of: func(c *climate.Conditions) float64 { return c.Snowfall }},
	"weather_code":              {quantity: wmoCode, of: func(c *climate.Conditions) float64 { return float64(c.Code) }},
	"pressure_msl":              {quantity: hectopascal, of: func(c *climate.Conditions) float64 { return c.Pressure }},
	"surface_pressure":          {quantity: hectopascal, of: func(c *climate.Conditions) float64 { return c.SurfacePressure }},
	"cloud_cover":               {quantity: percentage, of: func(c *climate.Conditions) float64 { return c.CloudCover }},
	"visibility":                {quantity: distance, of: func(c *climate.Conditions) float64 { return c.Visibility }},
	"wind_speed_10m":            {quantity: speed, of: func(c *climate.Conditions) float64 { return c.WindSpeed }},
	"wind_direction_10m":        {quantity: direction, of: func(c *climate.Conditions) float64 { return c.WindDirection }},
	"wind_gusts_10m":            {quantity: speed, of: func(c *climate.Conditions) float64 { return c.WindGusts }},
	"is_day": {quantity: truth, of: func(c *climate.Conditions) float64 {
		if c.Day {
			return 1
		}
		return 0
	}},
}

// A dailyVariable is one that daily can ask for: the hours of a day taken
// together, or, where of is nil, the sun's rise or set.
type dailyVariable struct {
	name     string
	quantity quantity
	of       func(hours []climate.Conditions) float64
	set      bool // the sun's set rather than its rise
}

// dailyVariables are the daily variables by their names.
var dailyVariables = map[string]dailyVariable{
	"weather_code":                  {quantity: wmoCode, of: highest("weather_code")},
	"temperature_2m_max":            {quantity: temperature, of: highest("temperature_2m")},
	"temperature_2m_min":            {quantity: temperature, of: lowest("temperature_2m")},
	"temperature_2m_mean":           {quantity: temperature, of: mean("temperature_2m")},
	"apparent_temperature_max":      {quantity: temperature, of: highest("apparent_temperature")},
	"apparent_temperature_min":      {quantity: temperature, of: lowest("apparent_temperature")},
	"precipitation_sum":             {quantity: water, of: sum("precipitation")},
	"rain_sum":                      {quantity: water, of: sum("rain")},
	"showers_sum":                   {quantity: water, of: sum("showers")},
	"snowfall_sum":                  {quantity: snow, of: sum("snowfall")},
	"precipitation_hours":           {quantity: hours, of: wetHours},
	"precipitation_probability_max": {quantity: percentage, of: highest("precipitation_probability")},
	"wind_speed_10m_max":            {quantity: speed, of: highest("wind_speed_10m")},
	"wind_gusts_10m_max":            {quantity: speed, of: highest("wind_gusts_10m")},
	"wind_direction_10m_dominant":   {quantity: direction, of: dominantWind},
	"sunrise":                       {quantity: moment},
	"sunset":                        {quantity: moment, set: true},
}

// formerly maps the service's names of today to those it also still takes.
var formerly = map[string]string{
	"relativehumidity_2m":        "relative_humidity_2m",
	"dewpoint_2m":                "dew_point_2m",
	"weathercode":                "weather_code",
	"cloudcover":                 "cloud_cover",
	"windspeed_10m":              "wind_speed_10m",
	"winddirection_10m":          "wind_direction_10m",
	"windgusts_10m":              "wind_gusts_10m",
	"windspeed_10m_max":          "wind_speed_10m_max",
	"windgusts_10m_max":          "wind_gusts_10m_max",
	"winddirection_10m_dominant": "wind_direction_10m_dominant",
}

// The service's names for its two sets of variables, as its errors tell them.
const (
	hourlyKind = "SurfacePressureAndHeightVariable<VariableAndPreviousDay, VariableOrSpread<ForecastPressureVariable>, ForecastHeightVariable>"
	dailyKind  = "ForecastVariableDaily"
)

// variables returns the hourly variables that a parameter lists.
func (p parameters) variables(parameter string) ([]variable, error) {
	names, pieces, err := p.list(parameter)
	if err != nil {
		return nil, err
	}
	list := make([]variable, len(names))
	for i, name := range names {
		v, ok := variables[current(name)]
		if !ok {
			return nil, badRequest("Data corrupted at path ''. Cannot initialize %s from invalid String value %s.", hourlyKind, pieces[i])
		}
		v.name = name
		list[i] = v
	}
	return list, nil
}

// dailyVariables returns the daily variables that the request lists.
func (p parameters) dailyVariables() ([]dailyVariable, error) {
	names, pieces, err := p.list("daily")
	if err != nil {
		return nil, err
	}
	list := make([]dailyVariable, len(names))
	for i, name := range names {
		v, ok := dailyVariables[current(name)]
		if !ok {
			return nil, badRequest("Data corrupted at path ''. Cannot initialize %s from invalid String value %s.", dailyKind, pieces[i])
		}
		v.name = name
		list[i] = v
	}
	return list, nil
}

// current returns today's name of a variable.
func current(name string) string {
	if now, old := formerly[name]; old {
		return now
	}
	return name
}

func highest(name string) func([]climate.Conditions) float64 {
	return fold(name, math.Inf(-1), func(a, b float64) float64 { return max(a, b) })
}

func lowest(name string) func([]climate.Conditions) float64 {
	return fold(name, math.Inf(1), func(a, b float64) float64 { return min(a, b) })
}

func sum(name string) func([]climate.Conditions) float64 {
	return fold(name, 0, func(a, b float64) float64 { return a + b })
}

func mean(name string) func([]climate.Conditions) float64 {
	total := sum(name)
	return func(hours []climate.Conditions) float64 { return total(hours) / float64(len(hours)) }
}

// fold combines an hourly variable's values over a day.
func fold(name string, start float64, combine func(a, b float64) float64) func([]climate.Conditions) float64 {
	of := variables[name].of
	return func(hours []climate.Conditions) float64 {
		result := start
		for i := range hours {
			result = combine(result, of(&hours[i]))
		}
		return result
	}
}

func wetHours(hours []climate.Conditions) float64 {
	n := 0.0
	for i := range hours {
		if hours[i].Precipitation > 0 {
			n++
		}
	}
	return n
}

// dominantWind returns the direction of the day's mean wind.
func dominantWind(hours []climate.Conditions) float64 {
	var north, east float64
	for i := range hours {
		sin, cos := math.Sincos(hours[i].WindDirection * math.Pi / 180)
		north += hours[i].WindSpeed * cos
		east += hours[i].WindSpeed * sin
	}
	return math.Mod(math.Atan2(east, north)*180/math.Pi+360, 360)
}
