package metno

import (
	"strings"

	"barograph/weather"
)

// symbols are the service's 41 weather symbols
// (https://api.met.no/weatherapi/weathericon/2.0/documentation), by the codes of
// WMO table 4677 that say the same. Two of them are misspelt, there and here.
// 4677 has codes of its own for sleet, which forecasts do not use: it is snow
// here. Its 95 is any thunderstorm without hail.
var symbols = map[string]weather.Code{
	"clearsky":     0,
	"fair":         1,
	"partlycloudy": 2,
	"cloudy":       3,
	"fog":          45,

	"lightrain":           61,
	"rain":                63,
	"heavyrain":           65,
	"lightrainandthunder": 95,
	"rainandthunder":      95,
	"heavyrainandthunder": 95,

	"lightsleet":           71,
	"sleet":                73,
	"heavysleet":           75,
	"lightsleetandthunder": 95,
	"sleetandthunder":      95,
	"heavysleetandthunder": 95,

	"lightsnow":           71,
	"snow":                73,
	"heavysnow":           75,
	"lightsnowandthunder": 95,
	"snowandthunder":      95,
	"heavysnowandthunder": 95,

	"lightrainshowers":           80,
	"rainshowers":                81,
	"heavyrainshowers":           82,
	"lightrainshowersandthunder": 95,
	"rainshowersandthunder":      95,
	"heavyrainshowersandthunder": 95,

	"lightsleetshowers":            85,
	"sleetshowers":                 86,
	"heavysleetshowers":            86,
	"lightssleetshowersandthunder": 95,
	"sleetshowersandthunder":       95,
	"heavysleetshowersandthunder":  95,

	"lightsnowshowers":            85,
	"snowshowers":                 86,
	"heavysnowshowers":            86,
	"lightssnowshowersandthunder": 95,
	"snowshowersandthunder":       95,
	"heavysnowshowersandthunder":  95,
}

// read returns what a symbol such as "fair_day" says. One that is not known has
// no code.
func read(symbol string) (weather.Code, weather.Daylight) {
	name, light, _ := strings.Cut(symbol, "_")
	code, known := symbols[name]
	if !known {
		code = weather.NoCode
	}
	switch light {
	case "day":
		return code, weather.Daytime
	case "night", "polartwilight": // when the sun stays below the horizon
		return code, weather.Night
	}
	return code, weather.DaylightUnknown
}
