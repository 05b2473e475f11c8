// Package sample serves weather in the wire formats of services, for tests of
// the providers that read them. The values follow from the place and the hour,
// and mean nothing.
package sample

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

type object = map[string]any

// symbols are some of MET Norway's, in turn.
var symbols = []string{"clearsky_day", "partlycloudy_night", "cloudy", "lightrain", "heavyrainshowersandthunder_day", "sleet", "lightssnowshowersandthunder_polartwilight", "fog"}

// MetNorway serves locationforecast/2.0/complete as the service documents it
// (https://developer.yr.no/doc/ForecastJSON): hours for 60 hours from the
// present one, then every sixth hour up to ten days. It keeps to the service's
// rules: who does not say who asks gets a 403, who gives more than four decimals
// a 403, who names no place on Earth a 422, and who has it already a 304.
func MetNorway(now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		latitude, err1 := strconv.ParseFloat(r.URL.Query().Get("lat"), 64)
		longitude, err2 := strconv.ParseFloat(r.URL.Query().Get("lon"), 64)
		start := now().UTC().Truncate(time.Hour)
		modified := start.Format(http.TimeFormat)
		switch {
		case r.URL.Path != "/locationforecast/2.0/complete":
			http.NotFound(w, r)
			return
		case r.UserAgent() == "" || r.UserAgent() == "barograph" || tooFine(latitude) || tooFine(longitude):
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		case err1 != nil || err2 != nil || math.Abs(latitude) > 90 || math.Abs(longitude) > 180:
			http.Error(w, "Unprocessable", http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Expires", now().UTC().Add(31*time.Minute).Format(http.TimeFormat))
		w.Header().Set("Last-Modified", modified)
		if r.Header.Get("If-Modified-Since") == modified {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		write(w, object{
			"type":     "Feature",
			"geometry": object{"type": "Point", "coordinates": []float64{longitude, latitude, 12}},
			"properties": object{
				"meta": object{"updated_at": start.Format(time.RFC3339), "units": object{
					"air_pressure_at_sea_level": "hPa", "air_temperature": "celsius", "air_temperature_max": "celsius", "air_temperature_min": "celsius",
					"cloud_area_fraction": "%", "precipitation_amount": "mm", "probability_of_precipitation": "%", "relative_humidity": "%",
					"wind_from_direction": "degrees", "wind_speed": "m/s", "wind_speed_of_gust": "m/s",
				}},
				"timeseries": timeseries(start, latitude),
			},
		})
	})
}

const hourly = 60 // hours by the hour

func timeseries(start time.Time, latitude float64) (steps []object) {
	for i := range hourly {
		steps = append(steps, step(start.Add(time.Duration(i)*time.Hour), latitude, true))
	}
	for t := start.Add(hourly * time.Hour); t.Before(start.Add(240 * time.Hour)); t = t.Add(time.Hour) {
		if t.Hour()%6 == 0 {
			steps = append(steps, step(t, latitude, false))
		}
	}
	return steps
}

func step(t time.Time, latitude float64, byHour bool) object {
	n := int(t.Unix() / 3600)
	temperature := math.Round((20-math.Abs(latitude)/3+5*math.Sin(float64(n)/24*2*math.Pi))*10) / 10
	data := object{
		"instant": object{"details": object{
			"air_pressure_at_sea_level": 1000 + float64(n%30), "air_temperature": temperature, "cloud_area_fraction": float64(n * 7 % 101),
			"relative_humidity": 40 + float64(n%60), "wind_from_direction": float64(n * 11 % 360), "wind_speed": 0.5 * float64(n%20), "wind_speed_of_gust": 0.8 * float64(n%20),
		}},
		"next_12_hours": object{"summary": object{"symbol_code": symbols[n%len(symbols)]}, "details": object{"probability_of_precipitation": float64(n % 101)}},
		"next_6_hours": object{"summary": object{"symbol_code": symbols[n%len(symbols)]}, "details": object{
			"air_temperature_max": temperature + 1, "air_temperature_min": temperature - 1, "precipitation_amount": 0.6 * float64(n%5), "probability_of_precipitation": float64(n % 101),
		}},
	}
	if byHour {
		data["next_1_hours"] = object{"summary": object{"symbol_code": symbols[n%len(symbols)]}, "details": object{
			"precipitation_amount": 0.1 * float64(n%5), "probability_of_precipitation": float64(n % 101),
		}}
	}
	return object{"time": t.Format(time.RFC3339), "data": data}
}

func tooFine(f float64) bool {
	scaled := f * 1e4
	return math.Abs(scaled-math.Round(scaled)) > 1e-6
}

func write(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // an object of numbers and texts always marshals
	}
	_, _ = w.Write(text) // the client sees what is missing
}
