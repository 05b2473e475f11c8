package simulator_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	allHourly = "temperature_2m,relative_humidity_2m,dew_point_2m,apparent_temperature,precipitation_probability,precipitation,rain,showers,snowfall,weather_code," +
		"pressure_msl,surface_pressure,cloud_cover,visibility,wind_speed_10m,wind_direction_10m,wind_gusts_10m,is_day"
	allDaily = "weather_code,temperature_2m_max,temperature_2m_min,temperature_2m_mean,apparent_temperature_max,apparent_temperature_min,precipitation_sum,rain_sum,showers_sum," +
		"snowfall_sum,precipitation_hours,precipitation_probability_max,wind_speed_10m_max,wind_gusts_10m_max,wind_direction_10m_dominant,sunrise,sunset"
)

var zoneNames = []string{"GMT", "auto", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns", "Pacific/Marquesas", "Pacific/Pago_Pago"}

// The fields of one answer agree: a day with its hours, the sun with the light, and
// every number is one.
func TestAnAnswerAgreesWithItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0).UTC()
		query := fmt.Sprintf("latitude=%.4f&longitude=%.4f&timezone=%s&timeformat=unixtime&forecast_days=%d&past_days=%d&hourly=%s&daily=%s&current=%[6]s",
			rapid.Float64Range(-90, 90).Draw(t, "latitude"), rapid.Float64Range(-180, 180).Draw(t, "longitude"), rapid.SampledFrom(zoneNames).Draw(t, "zone"),
			rapid.IntRange(1, 4).Draw(t, "days"), rapid.IntRange(0, 2).Draw(t, "past"), allHourly, allDaily)
		if height := rapid.SampledFrom([]string{"", "nan", "-100", "2400", "inf"}).Draw(t, "height"); height != "" {
			query += "&elevation=" + height
		}
		w := httptest.NewRecorder()
		at(now).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/forecast?"+query, nil))
		f := one(t, w)

		hour := func(name string, i int) float64 { return number(t, f.Hourly[name][i]) }
		for i := range f.Hourly["time"] {
			if hour("precipitation", i) > 0 != (hour("weather_code", i) >= 51) {
				t.Fatalf("hour %d: %v mm and code %v", i, hour("precipitation", i), hour("weather_code", i))
			}
			if hour("wind_gusts_10m", i) < hour("wind_speed_10m", i) || hour("dew_point_2m", i) > hour("temperature_2m", i) {
				t.Fatalf("hour %d: wind %v, gusts %v", i, hour("wind_speed_10m", i), hour("wind_gusts_10m", i))
			}
		}
		for d := range f.Daily["time"] {
			daily := func(name string) float64 { return number(t, f.Daily[name][d]) }
			from := int(daily("time")-hour("time", 0)) / 3600
			hottest, coldest, rain, wet, code, gusts := math.Inf(-1), math.Inf(1), 0.0, 0.0, 0.0, 0.0
			for i := from; i < from+24; i++ {
				hottest, coldest = max(hottest, hour("temperature_2m", i)), min(coldest, hour("temperature_2m", i))
				code, gusts = max(code, hour("weather_code", i)), max(gusts, hour("wind_gusts_10m", i))
				if rain += hour("precipitation", i); hour("precipitation", i) > 0 {
					wet++
				}
			}
			if hottest != daily("temperature_2m_max") || coldest != daily("temperature_2m_min") || code != daily("weather_code") || gusts != daily("wind_gusts_10m_max") || wet != daily("precipitation_hours") {
				t.Fatalf("day %d: %v to %v, code %v, gusts %v, %v wet hours; the hours say %v to %v, %v, %v, %v", d,
					daily("temperature_2m_min"), daily("temperature_2m_max"), daily("weather_code"), daily("wind_gusts_10m_max"), daily("precipitation_hours"), coldest, hottest, code, gusts, wet)
			}
			if math.Abs(rain-daily("precipitation_sum")) > 0.13 { // 24 roundings
				t.Fatalf("day %d: %v mm, the hours say %v", d, daily("precipitation_sum"), rain)
			}
		}
		for name, value := range f.Current {
			if number(t, value); name == "time" && value.(float64) != float64(now.Unix()/900*900) {
				t.Fatalf("current conditions at %v, asked at %d", value, now.Unix())
			}
		}
		lightAgrees(t, f)
	})
}

// lightAgrees fails unless it is day exactly from a sunrise to its sunset. Days
// without either are left out: which hours they cover depends on the zone.
func lightAgrees(t *rapid.T, f forecast) {
	days := len(f.Daily["time"])
	for d := range days {
		if midnight := f.Daily["time"][d]; f.Daily["sunrise"][d] == midnight && (f.Daily["sunset"][d] == midnight || f.Daily["sunset"][d] == midnight.(float64)+86400) {
			return
		}
	}
	for i, moment := range f.Hourly["time"] {
		at, light := number(t, moment), 0.0
		if at < number(t, f.Daily["sunrise"][0]) || at >= number(t, f.Daily["sunset"][days-1]) {
			continue // it may be the light of a day that was not asked for
		}
		for d := range days {
			if number(t, f.Daily["sunrise"][d]) <= at && at < number(t, f.Daily["sunset"][d]) {
				light = 1
			}
		}
		if f.Hourly["is_day"][i] != light {
			t.Fatalf("is_day is %v at %v, the sun rises %v and sets %v", f.Hourly["is_day"][i], moment, f.Daily["sunrise"], f.Daily["sunset"])
		}
	}
}

func number(t *rapid.T, v any) float64 {
	f, ok := v.(float64)
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	return f
}

func TestPolarDayAndNightAreTheWholeDayAndNoneOfIt(t *testing.T) {
	t.Parallel()
	const asked = "latitude=78.22&longitude=15.65&timezone=Arctic/Longyearbyen&forecast_days=1&daily=sunrise,sunset&hourly=is_day"
	for _, season := range []struct {
		now       time.Time
		rise, set string
		light     float64
	}{
		{time.Date(2026, time.June, 21, 12, 0, 0, 0, time.UTC), "2026-06-21T00:00", "2026-06-22T00:00", 1},
		{time.Date(2026, time.December, 21, 12, 0, 0, 0, time.UTC), "2026-12-21T00:00", "2026-12-21T00:00", 0},
	} {
		f := one(t, get(t, at(season.now), asked))
		if f.Daily["sunrise"][0] != season.rise || f.Daily["sunset"][0] != season.set {
			t.Errorf("sun from %v to %v, want %s to %s", f.Daily["sunrise"][0], f.Daily["sunset"][0], season.rise, season.set)
		}
		for i, light := range f.Hourly["is_day"] {
			if light != season.light {
				t.Errorf("%s at %d h: is_day %v", season.rise, i, light)
			}
		}
	}
}

func TestCurrentIsTheHoursValueOnTheHour(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"GMT", "Asia/Tokyo"} {
		f := one(t, get(t, at(noon.Truncate(time.Hour)), "latitude=35.7&longitude=139.7&timezone="+zone+"&forecast_hours=1&current="+allHourly+"&hourly="+allHourly))
		for name, values := range f.Hourly {
			switch name {
			case "precipitation", "rain", "showers", "snowfall": // of a quarter of an hour
			default:
				if f.Current[name] != values[0] {
					t.Errorf("%s: %s is %v, the hour has %v", zone, name, f.Current[name], values[0])
				}
			}
		}
	}
}

func TestTheSameHourHasTheSameWeatherInEveryAnswer(t *testing.T) {
	t.Parallel()
	const place = "latitude=52.52&longitude=13.41&elevation=38&timeformat=unixtime&hourly=" + allHourly
	today := one(t, get(t, at(noon), place+"&timezone=Pacific/Auckland"))
	seen := map[any]int{}
	for i, moment := range today.Hourly["time"] {
		seen[moment] = i
	}
	for _, other := range []forecast{
		one(t, get(t, at(noon), place+"&forecast_hours=5")),
		one(t, get(t, at(noon.Add(50*time.Hour)), place+"&past_days=2&forecast_days=1")),
		several(t, get(t, at(noon), "latitude=0,52.52&longitude=0,13.41&elevation=0,38&timeformat=unixtime&timezone=GMT,America/Bogota&hourly="+allHourly))[1],
	} {
		shared := 0
		for i, moment := range other.Hourly["time"] {
			k, ok := seen[moment]
			if !ok {
				continue
			}
			shared++
			for name, values := range other.Hourly {
				if values[i] != today.Hourly[name][k] {
					t.Fatalf("%s at %v is %v in one answer and %v in another", name, moment, values[i], today.Hourly[name][k])
				}
			}
		}
		if shared < 5 {
			t.Errorf("only %d hours shared", shared)
		}
	}
}
