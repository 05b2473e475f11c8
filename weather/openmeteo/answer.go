package openmeteo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"barograph/weather"
)

// An answer is what the server has for one location: a forecast, or one that
// cannot be read.
type answer struct {
	forecast forecast
	err      error
}

// A forecast is the wire's, that of the air quality API included.
type forecast struct {
	Latitude  value `json:"latitude"`
	Longitude value `json:"longitude"`
	Number    int   `json:"location_id"` // the location's, from 0; the first goes without
	UTCOffset int64 `json:"utc_offset_seconds"`
	Current   *struct {
		Time                int64     `json:"time"`
		Interval            int64     `json:"interval"`
		Temperature         value     `json:"temperature_2m"`
		ApparentTemperature value     `json:"apparent_temperature"`
		Humidity            value     `json:"relative_humidity_2m"`
		Precipitation       value     `json:"precipitation"`
		CloudCover          value     `json:"cloud_cover"`
		Pressure            value     `json:"pressure_msl"`
		WindSpeed           value     `json:"wind_speed_10m"`
		WindDirection       value     `json:"wind_direction_10m"`
		WindGusts           value     `json:"wind_gusts_10m"`
		Code                code      `json:"weather_code"`
		Day                 dayNumber `json:"is_day"`
		EuropeanAQI         value     `json:"european_aqi"`
		USAQI               value     `json:"us_aqi"`
		PM25                value     `json:"pm2_5"`
		PM10                value     `json:"pm10"`
		Ozone               value     `json:"ozone"`
		NitrogenDioxide     value     `json:"nitrogen_dioxide"`
	} `json:"current"`
	Hourly struct {
		Time                     []int64     `json:"time"`
		Temperature              []value     `json:"temperature_2m"`
		ApparentTemperature      []value     `json:"apparent_temperature"`
		Humidity                 []value     `json:"relative_humidity_2m"`
		Precipitation            []value     `json:"precipitation"`
		PrecipitationProbability []value     `json:"precipitation_probability"`
		CloudCover               []value     `json:"cloud_cover"`
		Pressure                 []value     `json:"pressure_msl"`
		WindSpeed                []value     `json:"wind_speed_10m"`
		WindDirection            []value     `json:"wind_direction_10m"`
		WindGusts                []value     `json:"wind_gusts_10m"`
		Code                     []code      `json:"weather_code"`
		Day                      []dayNumber `json:"is_day"`
	} `json:"hourly"`
	Daily struct {
		Time                        []int64 `json:"time"`
		TemperatureMin              []value `json:"temperature_2m_min"`
		TemperatureMax              []value `json:"temperature_2m_max"`
		PrecipitationSum            []value `json:"precipitation_sum"`
		PrecipitationProbabilityMax []value `json:"precipitation_probability_max"`
		WindSpeedMax                []value `json:"wind_speed_10m_max"`
		Sunrise                     []int64 `json:"sunrise"`
		Sunset                      []int64 `json:"sunset"`
		Code                        []code  `json:"weather_code"`
	} `json:"daily"`
}

// decode reads the answers for some places: an object for one, an array for
// several. One that makes no sense spoils only itself; what is no JSON spoils
// them all.
func decode(body []byte, places int) (answers []answer, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		answers, err = decodeList(decoder, places)
	} else {
		answers = make([]answer, 1)
		err = answers[0].decode(decoder)
	}
	if err != nil {
		return nil, fmt.Errorf("decode forecasts: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decode forecasts: more text after them")
	}
	return answers, nil
}

func decodeList(decoder *json.Decoder, places int) ([]answer, error) {
	answers := make([]answer, 0, places)
	_, err := decoder.Token() // [
	for err == nil && decoder.More() {
		if len(answers) == places {
			return nil, fmt.Errorf("more than %d", places) // which need not be held
		}
		answers = append(answers, answer{})
		err = answers[len(answers)-1].decode(decoder)
	}
	if err == nil {
		_, err = decoder.Token() // ]
	}
	return answers, err
}

// decode reads an answer. It fails when what follows cannot be told apart from it.
func (a *answer) decode(decoder *json.Decoder) error {
	err := decoder.Decode(&a.forecast)
	if broken(err) {
		return err
	}
	a.err = err
	return nil
}

// broken reports whether err means that the text is no JSON, and not only that
// it holds something else than a forecast.
func broken(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// A value is a number, missing when absent or null.
type value struct {
	number float64
	given  bool
}

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

// largest is more than any number in a forecast.
const largest = 1e6

func (v value) measure() weather.Measure {
	if !v.given {
		return weather.Missing
	}
	return weather.Measure(v.number)
}

// A code is a weather code, which the service may write as a decimal.
type code struct{ value }

func (c code) code() weather.Code {
	if !c.given || c.number < 0 || c.number > 99 {
		return weather.NoCode
	}
	return weather.Code(c.number)
}

// A dayNumber is 1 by day and 0 by night.
type dayNumber struct{ value }

func (d dayNumber) daylight() weather.Daylight {
	switch {
	case !d.given:
		return weather.DaylightUnknown
	case d.number == 0:
		return weather.Night
	}
	return weather.Daytime
}

// at returns the i-th of a list, and its zero value where the list was left out.
func at[T any](list []T, i int) (t T) {
	if i < len(list) {
		return list[i]
	}
	return t
}

func instant(unix int64, zone *time.Location) time.Time { return time.Unix(unix, 0).In(zone) }
