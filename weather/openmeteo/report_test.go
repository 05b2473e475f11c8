package openmeteo_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"barograph/weather"
)

// measures maps the wire's names to the fields they fill.
var (
	conditionMeasures = map[string]func(weather.Conditions) weather.Measure{
		"temperature_2m":       func(c weather.Conditions) weather.Measure { return c.Temperature },
		"apparent_temperature": func(c weather.Conditions) weather.Measure { return c.ApparentTemperature },
		"relative_humidity_2m": func(c weather.Conditions) weather.Measure { return c.Humidity },
		"precipitation":        func(c weather.Conditions) weather.Measure { return c.Precipitation },
		"cloud_cover":          func(c weather.Conditions) weather.Measure { return c.CloudCover },
		"pressure_msl":         func(c weather.Conditions) weather.Measure { return c.Pressure },
		"wind_speed_10m":       func(c weather.Conditions) weather.Measure { return c.WindSpeed },
		"wind_direction_10m":   func(c weather.Conditions) weather.Measure { return c.WindDirection },
		"wind_gusts_10m":       func(c weather.Conditions) weather.Measure { return c.WindGusts },
		"weather_code":         func(c weather.Conditions) weather.Measure { return weather.Measure(c.Code) },
		"is_day": func(c weather.Conditions) weather.Measure {
			if day, ok := c.IsDay(); ok && day {
				return 1
			} else if ok {
				return 0
			}
			return weather.Missing
		},
	}
	dayMeasures = map[string]func(weather.Day) weather.Measure{
		"temperature_2m_min":            func(d weather.Day) weather.Measure { return d.TemperatureMin },
		"temperature_2m_max":            func(d weather.Day) weather.Measure { return d.TemperatureMax },
		"precipitation_sum":             func(d weather.Day) weather.Measure { return d.PrecipitationSum },
		"precipitation_probability_max": func(d weather.Day) weather.Measure { return d.PrecipitationProbabilityMax },
		"wind_speed_10m_max":            func(d weather.Day) weather.Measure { return d.WindSpeedMax },
		"weather_code":                  func(d weather.Day) weather.Measure { return weather.Measure(d.Code) },
		"sunrise":                       func(d weather.Day) weather.Measure { return weather.Measure(d.Sunrise.Unix()) },
		"sunset":                        func(d weather.Day) weather.Measure { return weather.Measure(d.Sunset.Unix()) },
	}
)

func TestAReportSaysWhatTheAnswerSays(t *testing.T) {
	t.Parallel()
	upstream, places := record(noon), []weather.Place{berlin, delhi, lima}
	reports := fetch(t, connect(t, upstream, noon), weather.Need{Current: true, Hours: 48, Days: 7}, places...)
	_, answer := upstream.last()
	for i, raw := range parse(t, answer) {
		agree := func(where string, got weather.Measure, want any) {
			if number, ok := want.(float64); !ok || got != weather.Measure(number) {
				t.Errorf("%s, %s: %v, the answer says %v", places[i].TimeZone, where, got, want)
			}
		}
		current, hourly, daily := raw["current"].(object), raw["hourly"].(object), raw["daily"].(object)
		agree("now", weather.Measure(reports[i].Current.Time.Unix()), current["time"])
		for name, of := range conditionMeasures {
			agree(name, of(*reports[i].Current), current[name])
		}
		first := slices.IndexFunc(hourly["time"].([]any), func(hour any) bool {
			return hour.(float64)+3600 > current["time"].(float64)
		})
		for k, hour := range reports[i].Hourly {
			k += first // the answer begins before the current hour
			agree("hour", weather.Measure(hour.Time.Unix()), hourly["time"].([]any)[k])
			agree("probability", hour.PrecipitationProbability, hourly["precipitation_probability"].([]any)[k])
			for name, of := range conditionMeasures {
				agree(fmt.Sprintf("%s of hour %d", name, k), of(hour.Conditions), hourly[name].([]any)[k])
			}
		}
		for k, day := range reports[i].Daily {
			for name, of := range dayMeasures {
				agree(fmt.Sprintf("%s of day %d", name, k), of(day), daily[name].([]any)[k])
			}
		}
	}
}

// Whatever the zone's offset, and whether its clock changes that week, days are
// the calendar's and hours are hours.
func TestDaysAndHoursAreThePlacesOwn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone string
		now  string
	}{
		{"GMT", "2026-06-15T12:20:00Z"},
		{"Europe/Berlin", "2026-03-27T10:05:00Z"},       // the clock goes forward on the 29th
		{"Europe/Berlin", "2026-10-22T10:05:00Z"},       // and back on the 25th
		{"America/Havana", "2026-03-06T15:00:00Z"},      // forward at midnight
		{"America/Santiago", "2026-09-03T15:00:00Z"},    // forward at midnight
		{"America/Havana", "2026-10-29T15:00:00Z"},      // midnight comes twice
		{"Africa/Cairo", "2026-04-21T15:00:00Z"},        // forward at midnight
		{"Australia/Lord_Howe", "2026-04-02T02:00:00Z"}, // back by half an hour
		{"Asia/Kolkata", "2026-06-15T20:00:00Z"},        // +5:30, tomorrow there
		{"Asia/Kathmandu", "2026-06-15T20:00:00Z"},      // +5:45
		{"America/St_Johns", "2026-06-15T01:00:00Z"},    // -2:30, yesterday there
		{"Pacific/Chatham", "2026-06-15T13:00:00Z"},     // +12:45
		{"Pacific/Kiritimati", "2026-06-15T11:00:00Z"},  // +14
		{"Pacific/Pago_Pago", "2026-06-15T10:00:00Z"},   // -11
	} {
		t.Run(test.zone+" "+test.now, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			zone, err := time.LoadLocation(test.zone)
			if err != nil {
				t.Fatal(err)
			}
			place := weather.Place{Latitude: 10, Longitude: 20, TimeZone: test.zone}
			report := fetch(t, connect(t, record(now), now), weather.Need{Current: true, Hours: 7 * 24, Days: 7}, place)[0]
			for i, day := range report.Daily {
				want := now.In(zone).AddDate(0, 0, i).Format(time.DateOnly)
				if got := day.Date.Format(time.DateOnly); got != want || day.Date.Location().String() != test.zone {
					t.Errorf("day %d is %v, want %s", i, day.Date, want)
				}
				if before := day.Date.Add(-time.Second).Format(time.DateOnly); before == want {
					t.Errorf("day %d begins before %v", i, day.Date)
				}
			}
			for i, hour := range report.Hourly {
				if want := report.Hourly[0].Time.Add(time.Duration(i) * time.Hour); !hour.Time.Equal(want) || hour.Time.Location().String() != test.zone {
					t.Errorf("hour %d is %v, want %v", i, hour.Time, want)
				}
			}
			// The service cuts a zone's offset to whole hours to tell which hour it is,
			// and so gives one more or one less than asked for.
			if first := report.Hourly[0].Time; first.After(now) || now.Sub(first) >= time.Hour {
				t.Errorf("the hours begin at %v, asked at %v", first, now)
			}
			if current := report.Current.Time; !current.Equal(now.Truncate(15*time.Minute)) || current.Location().String() != test.zone {
				t.Errorf("current conditions of %v, asked at %v", current, now)
			}
		})
	}
}

func TestPolarDaysAndNightsHaveNoSunriseAndNoSunset(t *testing.T) {
	t.Parallel()
	longyearbyen := weather.Place{Latitude: 78.22334, Longitude: 15.64689, TimeZone: "Arctic/Longyearbyen"}
	for month, daylight := range map[time.Month]weather.Daylight{time.June: weather.Daytime, time.December: weather.Night} {
		now := time.Date(2026, month, 21, 12, 0, 0, 0, time.UTC)
		reports := fetch(t, connect(t, record(now), now), weather.Need{Current: true, Days: 3}, longyearbyen, berlin)
		if reports[0].Current.Daylight != daylight {
			t.Errorf("in %s daylight is %d, want %d", month, reports[0].Current.Daylight, daylight)
		}
		for i, polar := range reports[0].Daily {
			if !polar.Sunrise.IsZero() || !polar.Sunset.IsZero() {
				t.Errorf("in %s the polar sun rises %v and sets %v", month, polar.Sunrise, polar.Sunset)
			}
			date := reports[1].Daily[i].Date.Format(time.DateOnly)
			if usual := reports[1].Daily[i]; usual.Sunrise.Format(time.DateOnly) != date || usual.Sunset.Format(time.DateOnly) != date {
				t.Errorf("on %s Berlin's sun rises %v and sets %v", date, usual.Sunrise, usual.Sunset)
			}
		}
	}
}

func TestASunThatRisesOnAnotherDayIsNotTheDays(t *testing.T) {
	t.Parallel()
	good := string(recorded(t, weather.Need{Current: true, Days: 1}, berlin))
	for _, sun := range []struct{ rise, set string }{
		{"1", "7200"},
		{"1781733600", "1781740800"}, // in three days
		{"253402300000", "253402300001"},
		{"9223372036854775807", "-9223372036854775808"},
		{"1781551200", "1781487600"}, // it sets first
	} {
		body := set(t, good, "daily", `{"time":[1781474400],"sunrise":[`+sun.rise+`],"sunset":[`+sun.set+`]}`)
		if day := fetch(t, answering(t, 200, body), weather.Need{Current: true, Days: 1}, berlin)[0].Daily[0]; !day.Sunrise.IsZero() || !day.Sunset.IsZero() {
			t.Errorf("from %s to %s: the sun rises %v and sets %v", sun.rise, sun.set, day.Sunrise, day.Sunset)
		}
	}
}

func TestAReportExpiresWhenTheNextConditionsAreDue(t *testing.T) {
	t.Parallel()
	report := fetch(t, connect(t, record(noon), noon), weather.Need{Current: true}, berlin)[0]
	if want := noon.Add(10 * time.Minute); !report.FetchedAt.Equal(noon) || !report.ExpiresAt.Equal(want) {
		t.Errorf("fetched %v, expires %v, want %v", report.FetchedAt, report.ExpiresAt, want)
	}
	for _, test := range []struct {
		observed time.Duration
		interval string
		life     time.Duration
	}{
		{0, "900", 15 * time.Minute},
		{-5 * time.Minute, "3600", 55 * time.Minute},
		{0, "null", 15 * time.Minute},
		{0, "-1", 15 * time.Minute},
		{-14*time.Minute - 30*time.Second, "900", time.Minute},
		{-24 * time.Hour, "900", time.Minute}, // one of the clocks is wrong
		{24 * time.Hour, "900", time.Hour},
		{0, "9223372036", time.Hour},
	} {
		body := fmt.Sprintf(`{"latitude":52.5,"longitude":13.4,"current":{"time":%d,"interval":%s}}`, noon.Add(test.observed).Unix(), test.interval)
		report := fetch(t, answering(t, 200, body), weather.Need{Current: true}, berlin)[0]
		if got := report.ExpiresAt.Sub(noon); got != test.life {
			t.Errorf("observed %v ago, every %s s: lives %v, want %v", -test.observed, test.interval, got, test.life)
		}
	}
}

func TestWhatIsNullOrLeftOutIsMissing(t *testing.T) {
	t.Parallel()
	const body = `{"latitude":52.5,"longitude":13.4,"utc_offset_seconds":7200,"current":{"time":1781524800,"temperature_2m":null,"weather_code":63.0,"is_day":null},
		"hourly":{"time":[1781524800,1781528400],"temperature_2m":[null,-1.5e0],"weather_code":[100,-1],"is_day":[0,1]},
		"daily":{"time":[1781474400],"temperature_2m_min":[null],"weather_code":[null],"sunrise":[null],"sunset":[1781551200]}}`
	r := fetch(t, answering(t, 200, body), weather.Need{Current: true, Hours: 2, Days: 1}, berlin)[0]
	for name, of := range conditionMeasures {
		if m := of(*r.Current); name != "weather_code" && m.Known() {
			t.Errorf("current %s is %v", name, m)
		}
	}
	if code, _ := r.Current.WeatherCode(); code != 63 {
		t.Errorf("current code is %d", code)
	}
	if r.Hourly[0].Temperature.Known() || r.Hourly[1].Temperature != -1.5 || r.Hourly[0].Code != weather.NoCode || r.Hourly[1].Code != weather.NoCode ||
		r.Hourly[0].Daylight != weather.Night || r.Hourly[1].Daylight != weather.Daytime || r.Hourly[0].PrecipitationProbability.Known() {
		t.Errorf("the hours are %+v", r.Hourly)
	}
	if d := r.Daily[0]; d.TemperatureMin.Known() || d.TemperatureMax.Known() || d.Code != weather.NoCode || !d.Sunrise.IsZero() || !d.Sunset.IsZero() ||
		d.Date.Format(time.DateOnly) != "2026-06-15" {
		t.Errorf("the day is %+v", d)
	}
}
