package openmeteo

import (
	"net/url"
	"strconv"
	"strings"

	"barograph/weather"
)

const (
	currentVariables = "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,cloud_cover,pressure_msl," +
		"wind_speed_10m,wind_direction_10m,wind_gusts_10m,weather_code,is_day"
	hourlyVariables = currentVariables + ",precipitation_probability"
	dailyVariables  = "temperature_2m_min,temperature_2m_max,precipitation_sum,precipitation_probability_max," +
		"wind_speed_10m_max,sunrise,sunset,weather_code"
)

// parameters asks for metric values, which is what the API gives unasked, and
// for Unix times, since its local ones are ambiguous when clocks go back.
func parameters(places []weather.Place, need weather.Need) url.Values {
	latitudes, longitudes := make([]string, len(places)), make([]string, len(places))
	zones := make([]string, len(places))
	for i, p := range places {
		latitudes[i], longitudes[i], zones[i] = degrees(p.Latitude), degrees(p.Longitude), p.TimeZone
	}
	query := url.Values{
		"latitude":   {strings.Join(latitudes, ",")},
		"longitude":  {strings.Join(longitudes, ",")},
		"timezone":   {strings.Join(zones, ",")},
		"timeformat": {"unixtime"},
		"current":    {currentVariables},
	}
	if need.Hours > 0 {
		query.Set("hourly", hourlyVariables)
		// The service counts hours from one near the current one: in zones whose
		// offset is no whole hour, from the one before or the one after it.
		query.Set("past_hours", "1")
		query.Set("forecast_hours", strconv.Itoa(need.Hours+1))
	}
	if need.Days > 0 {
		query.Set("daily", dailyVariables)
		query.Set("forecast_days", strconv.Itoa(need.Days))
	}
	return query
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
