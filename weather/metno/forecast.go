package metno

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"barograph/internal/strictjson"
	"barograph/weather"
)

// A forecast is the wire's (https://developer.yr.no/doc/ForecastJSON), with what
// the headers say of it. It is not changed once it is kept.
type forecast struct {
	Geometry struct {
		Coordinates []float64 `json:"coordinates"` // longitude, latitude, altitude
	} `json:"geometry"`
	Properties struct {
		Meta struct {
			Units map[string]string `json:"units"`
		} `json:"meta"`
		Timeseries []step `json:"timeseries"`
	} `json:"properties"`

	fetched, expires time.Time
	modified         string // as the service wrote it
}

// A step is a moment, and what comes in the hours from it.
type step struct {
	Time time.Time `json:"time"`
	Data struct {
		Instant struct {
			Details struct {
				Temperature   value `json:"air_temperature"`
				Humidity      value `json:"relative_humidity"`
				CloudCover    value `json:"cloud_area_fraction"`
				Pressure      value `json:"air_pressure_at_sea_level"`
				WindSpeed     value `json:"wind_speed"`
				WindDirection value `json:"wind_from_direction"`
				WindGusts     value `json:"wind_speed_of_gust"`
			} `json:"details"`
		} `json:"instant"`
		Next1  *period `json:"next_1_hours"`
		Next6  *period `json:"next_6_hours"`
		Next12 *period `json:"next_12_hours"`
	} `json:"data"`
}

// A period is what comes in some hours.
type period struct {
	Summary struct {
		Symbol string `json:"symbol_code"`
	} `json:"summary"`
	Details struct {
		Precipitation value `json:"precipitation_amount"`
		Probability   value `json:"probability_of_precipitation"`
		Highest       value `json:"air_temperature_max"`
		Lowest        value `json:"air_temperature_min"`
	} `json:"details"`
}

// units are those that the service has always used: others would turn every
// value into another one.
var units = map[string]string{
	"air_temperature": "celsius", "relative_humidity": "%", "cloud_area_fraction": "%", "air_pressure_at_sea_level": "hPa",
	"wind_speed": "m/s", "wind_from_direction": "degrees", "wind_speed_of_gust": "m/s", "precipitation_amount": "mm", "probability_of_precipitation": "%",
}

const (
	// gridStep is more than any weather model's grid cell is wide, in degrees.
	gridStep  = 1.5
	stepsMost = 1000 // some 90 are usual
)

// decode reads the forecast for a point, or says why it cannot be one.
func decode(body []byte, at point) (*forecast, error) {
	if err := strictjson.Check(body); err != nil {
		return nil, err
	}
	f := &forecast{}
	if err := json.Unmarshal(body, f); err != nil {
		return nil, err
	}
	if err := f.checkPlace(at); err != nil {
		return nil, err
	}
	for name, unit := range f.Properties.Meta.Units {
		if ours, used := units[name]; used && unit != ours {
			return nil, fmt.Errorf("%s is in %.20q", name, unit)
		}
	}
	steps := f.Properties.Timeseries
	if len(steps) == 0 || len(steps) > stepsMost {
		return nil, fmt.Errorf("%d moments", len(steps))
	}
	last := time.Time{}
	for i := range steps {
		if t := steps[i].Time; !t.After(last) || t.Unix() <= 0 || t.Year() > 9000 {
			return nil, errors.New("moments that do not follow one another")
		}
		last = steps[i].Time
	}
	return f, nil
}

func (f *forecast) checkPlace(at point) error {
	where := f.Geometry.Coordinates
	latitude, err1 := strconv.ParseFloat(at.latitude, 64)
	longitude, err2 := strconv.ParseFloat(at.longitude, 64)
	if err := errors.Join(err1, err2); err != nil || len(where) < 2 {
		return errors.Join(errors.New("no coordinates"), err)
	}
	apart := math.Abs(math.Mod(where[0]-longitude+540, 360) - 180)
	if math.Abs(where[1]-latitude) > gridStep || apart > gridStep && math.Abs(latitude) < 85 {
		return fmt.Errorf("answered for %v, %v instead of %v, %v", where[1], where[0], latitude, longitude)
	}
	return nil
}

// A value is a number, missing when absent or null.
type value struct {
	number float64
	given  bool
}

// largest is more than any number in a forecast.
const largest = 1e6

// UnmarshalJSON reads a number or null.
func (v *value) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	number, err := strconv.ParseFloat(string(text), 64)
	if err == nil && math.Abs(number) > largest {
		err = fmt.Errorf("no weather has %s of anything", text)
	}
	*v = value{number, err == nil}
	return err
}

func (v value) measure() weather.Measure {
	if !v.given {
		return weather.Missing
	}
	return weather.Measure(v.number)
}

// kilometres returns a speed in m/s in km/h.
func (v value) kilometres() weather.Measure { return v.measure() * 3.6 }
