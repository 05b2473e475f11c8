package quota

// What Open-Meteo counts as one call: a location with up to so many variables
// over up to so many days. More of either counts in proportion.
const (
	usualVariables = 10.0
	usualDays      = 14.0
)

// Weight returns what Open-Meteo counts a call as: for each location
// max(1, v, v·days/14), where v is the number of variables, current, hourly and
// daily ones together, over 10. That is calculateQueryWeight of the server's
// ForecastapiResult.swift (https://github.com/open-meteo/open-meteo), for one model.
func Weight(locations, variables int, days float64) float64 {
	v := float64(variables) / usualVariables
	return float64(locations) * max(1, v, v*days/usualDays)
}
