package openmeteo

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"barograph/weather"
	"barograph/weather/quota"
)

const (
	currentVariables = "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,cloud_cover,pressure_msl," +
		"wind_speed_10m,wind_direction_10m,wind_gusts_10m,weather_code,is_day"
	hourlyVariables = currentVariables + ",precipitation_probability"
	dailyVariables  = "temperature_2m_min,temperature_2m_max,precipitation_sum,precipitation_probability_max," +
		"wind_speed_10m_max,sunrise,sunset,weather_code"
	airVariables = "european_aqi,us_aqi,pm2_5,pm10,ozone,nitrogen_dioxide"
)

// forecastQuery asks for metric values, which is what the API gives unasked, and
// for Unix times, since its local ones are ambiguous when clocks go back.
func forecastQuery(places []weather.Place, need weather.Need) string {
	query := locations(places)
	if need.Current {
		query.Set("current", currentVariables)
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
	return query.Encode()
}

func airQuery(places []weather.Place) string {
	query := locations(places)
	query.Set("current", airVariables)
	return query.Encode()
}

func locations(places []weather.Place) url.Values {
	latitudes, longitudes := make([]string, len(places)), make([]string, len(places))
	zones := make([]string, len(places))
	for i, p := range places {
		latitudes[i], longitudes[i], zones[i] = degrees(p.Latitude), degrees(p.Longitude), p.TimeZone
	}
	return url.Values{
		"latitude":   {strings.Join(latitudes, ",")},
		"longitude":  {strings.Join(longitudes, ",")},
		"timezone":   {strings.Join(zones, ",")},
		"timeformat": {"unixtime"},
	}
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// weight is what the service counts for places and a need.
func weight(places int, need weather.Need) float64 {
	total := forecastWeight(places, need)
	if need.AirQuality {
		total += airWeight(places)
	}
	return total
}

func forecastWeight(places int, need weather.Need) float64 {
	variables, days := 0, need.Days
	if need.Current {
		variables += count(currentVariables)
	}
	if need.Hours > 0 {
		variables += count(hourlyVariables)
		days = max(days, int(math.Ceil(float64(need.Hours+2)/24)))
	}
	if need.Days > 0 {
		variables += count(dailyVariables)
	}
	return quota.Weight(places, variables, float64(days))
}

func airWeight(places int) float64 { return quota.Weight(places, count(airVariables), 1) }

func count(variables string) int { return strings.Count(variables, ",") + 1 }

// request puts what is asked into the query, or into a form where that would
// make the URL too long. The key goes into a header: URLs are logged on the way.
func (c *Client) request(ctx context.Context, endpoint, query string) (*http.Request, error) {
	method, target, body := http.MethodGet, endpoint+"?"+query, io.Reader(http.NoBody)
	if len(query) > urlLimit {
		method, target, body = http.MethodPost, endpoint, strings.NewReader(query)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make open-meteo request: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.key != "" {
		req.Header.Set("X-Api-Key", c.key)
	}
	return req, nil
}
