package weather

// A Code is a present-weather code of WMO table 4677, or NoCode.
type Code int8

// NoCode is the Code of weather that is not known.
const NoCode Code = -1

// A Condition is a group of codes.
type Condition string

// The groups of the codes that forecasts use.
const (
	Clear                Condition = "CLEAR"
	PartlyCloudy         Condition = "PARTLY_CLOUDY"
	Overcast             Condition = "OVERCAST"
	Fog                  Condition = "FOG"
	Drizzle              Condition = "DRIZZLE"
	FreezingDrizzle      Condition = "FREEZING_DRIZZLE"
	Rain                 Condition = "RAIN"
	FreezingRain         Condition = "FREEZING_RAIN"
	Snow                 Condition = "SNOW"
	SnowGrains           Condition = "SNOW_GRAINS"
	RainShowers          Condition = "RAIN_SHOWERS"
	SnowShowers          Condition = "SNOW_SHOWERS"
	Thunderstorm         Condition = "THUNDERSTORM"
	ThunderstormWithHail Condition = "THUNDERSTORM_WITH_HAIL"
)

var codes = map[Code]struct {
	condition   Condition
	description string
}{
	0:  {Clear, "Clear sky"},
	1:  {PartlyCloudy, "Mainly clear"},
	2:  {PartlyCloudy, "Partly cloudy"},
	3:  {Overcast, "Overcast"},
	45: {Fog, "Fog"},
	48: {Fog, "Depositing rime fog"},
	51: {Drizzle, "Light drizzle"},
	53: {Drizzle, "Moderate drizzle"},
	55: {Drizzle, "Dense drizzle"},
	56: {FreezingDrizzle, "Light freezing drizzle"},
	57: {FreezingDrizzle, "Dense freezing drizzle"},
	61: {Rain, "Slight rain"},
	63: {Rain, "Moderate rain"},
	65: {Rain, "Heavy rain"},
	66: {FreezingRain, "Light freezing rain"},
	67: {FreezingRain, "Heavy freezing rain"},
	71: {Snow, "Slight snowfall"},
	73: {Snow, "Moderate snowfall"},
	75: {Snow, "Heavy snowfall"},
	77: {SnowGrains, "Snow grains"},
	80: {RainShowers, "Slight rain showers"},
	81: {RainShowers, "Moderate rain showers"},
	82: {RainShowers, "Violent rain showers"},
	85: {SnowShowers, "Slight snow showers"},
	86: {SnowShowers, "Heavy snow showers"},
	95: {Thunderstorm, "Thunderstorm"},
	96: {ThunderstormWithHail, "Thunderstorm with slight hail"},
	99: {ThunderstormWithHail, "Thunderstorm with heavy hail"},
}

// Condition returns the group of c, and false for a code that forecasts do not use.
func (c Code) Condition() (Condition, bool) {
	known, ok := codes[c]
	return known.condition, ok
}

// Description returns c in words, and false for a code that forecasts do not use.
func (c Code) Description() (string, bool) {
	known, ok := codes[c]
	return known.description, ok
}

func (c Code) value() (int, bool) { return int(c), c != NoCode }
