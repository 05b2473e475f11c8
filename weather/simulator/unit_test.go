package simulator_test

import (
	"reflect"
	"testing"
)

func TestUnits(t *testing.T) {
	t.Parallel()
	const asked = "latitude=1.3&longitude=103.8&hourly=temperature_2m,wind_speed_10m,precipitation,snowfall,visibility,surface_pressure,weather_code,is_day,cloud_cover,wind_direction_10m&"
	metric := one(t, get(t, at(noon), asked))
	want := map[string]string{
		"time": "iso8601", "temperature_2m": "°C", "wind_speed_10m": "km/h", "precipitation": "mm", "snowfall": "cm", "visibility": "m",
		"surface_pressure": "hPa", "weather_code": "wmo code", "is_day": "", "cloud_cover": "%", "wind_direction_10m": "°",
	}
	if !reflect.DeepEqual(metric.HourlyUnits, want) {
		t.Errorf("units %v, want %v", metric.HourlyUnits, want)
	}
	for _, unit := range []struct {
		query, variable, name string
		scale, offset, within float64
	}{
		{"temperature_unit=fahrenheit", "temperature_2m", "°F", 1.8, 32, 0.15},
		{"wind_speed_unit=mph", "wind_speed_10m", "mp/h", 2.237 / 3.6, 0, 0.1},
		{"wind_speed_unit=kn", "wind_speed_10m", "kn", 1.94384 / 3.6, 0, 0.1},
		{"wind_speed_unit=ms", "wind_speed_10m", "m/s", 1 / 3.6, 0, 0.03},
		{"windspeed_unit=ms", "wind_speed_10m", "m/s", 1 / 3.6, 0, 0.03},
		{"precipitation_unit=inch", "precipitation", "inch", 1 / 25.4, 0, 0.001},
		{"length_unit=imperial", "precipitation", "inch", 1 / 25.4, 0, 0.001},
		{"precipitation_unit=inch", "visibility", "ft", 3.280839895, 0, 0.02},
	} {
		f := one(t, get(t, at(noon), asked+unit.query))
		if f.HourlyUnits[unit.variable] != unit.name {
			t.Errorf("%s: unit %q, want %q", unit.query, f.HourlyUnits[unit.variable], unit.name)
		}
		for i, v := range f.Hourly[unit.variable] {
			want := metric.Hourly[unit.variable][i].(float64)*unit.scale + unit.offset
			if off := v.(float64) - want; off > unit.within || off < -unit.within {
				t.Fatalf("%s: %s %v, want %v", unit.query, unit.variable, v, want)
			}
		}
	}
}

func TestNumbersHaveTheUnitsDecimals(t *testing.T) {
	t.Parallel()
	body := get(t, at(noon), "latitude=52.52&longitude=13.41&elevation=38&current=pressure_msl,precipitation,relative_humidity_2m&wind_speed_unit=ms").Body.String()
	const want = `{"latitude":52.5,"longitude":13.375,"generationtime_ms":0,"utc_offset_seconds":0,"timezone":"GMT","timezone_abbreviation":"GMT","elevation":38.0,` +
		`"current_units":{"time":"iso8601","interval":"seconds","pressure_msl":"hPa","precipitation":"mm","relative_humidity_2m":"%"},` +
		`"current":{"time":"2026-06-15T12:15","interval":900,"pressure_msl":1012.2,"precipitation":0.00,"relative_humidity_2m":50}}`
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

func TestOlderNamesOfVariablesAreEchoed(t *testing.T) {
	t.Parallel()
	f := one(t, get(t, at(noon), "latitude=0&longitude=0&current=windspeed_10m,wind_speed_10m,weathercode&daily=windgusts_10m_max&timezone=GMT"))
	if f.Current["windspeed_10m"] == nil || f.Current["windspeed_10m"] != f.Current["wind_speed_10m"] || f.CurrentUnits["weathercode"] != "wmo code" || len(f.Daily["windgusts_10m_max"]) != 7 {
		t.Errorf("got %+v", f)
	}
}
