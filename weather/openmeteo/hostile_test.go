package openmeteo_test

import (
	"strings"
	"testing"

	"barograph/internal/fault"
	"barograph/weather"
)

// some is a need with everything in it.
var some = weather.Need{Current: true, Hours: 2, Days: 2}

func TestWhatIsNoAnswerIsInvalid(t *testing.T) {
	t.Parallel()
	good := string(recorded(t, some, berlin))
	for name, body := range map[string]string{
		"empty":                   "",
		"white space":             " \r\n\t",
		"HTML":                    "<!doctype html><p>" + secret,
		"text":                    secret,
		"an empty object":         "{}",
		"an empty list":           "[]",
		"a list of an empty one":  "[{}]",
		"null":                    "null",
		"a list of null":          "[null]",
		"a number":                "1",
		"a string":                `"` + secret + `"`,
		"an error":                `{"error":true,"reason":"` + secret + `"}`,
		"a list in a list":        "[[" + good + "]]",
		"deep lists":              strings.Repeat("[", 100_000),
		"deep objects":            strings.Repeat(`{"a":`, 20_000),
		"a byte order mark":       "\ufeff" + good,
		"a NUL byte before":       "\x00" + good,
		"a NUL byte inside":       strings.Replace(good, `"current":{`, "\"current\":{\x00", 1),
		"a NUL byte behind":       good + "\x00",
		"an error in mid-stream":  good[:len(good)/2] + `{"error":true,"reason":"` + secret + `"}`,
		"text behind":             good + "Unexpected error while streaming data: " + secret,
		"another behind":          good + good,
		"a comma behind":          good + ",",
		"a list open":             "[" + good,
		"a list open, with comma": "[" + good + ",",
		"a list and a comma":      "[" + good + ",]",
		"a list and text":         "[" + good + "]" + secret,
		"a list closed twice":     "[" + good + "]]",
		"a list closed as object": "[" + good + "}",
		"two for one":             "[" + good + "," + good + "]",
		"thousands for one":       "[" + strings.Repeat("{},", 40_000) + "{}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			none(t, answering(t, 200, body), fault.UpstreamInvalid, some, berlin)
		})
	}
}

func TestAnAnswerThatMakesNoSenseIsInvalid(t *testing.T) {
	t.Parallel()
	good := string(recorded(t, some, berlin))
	for name, change := range map[string]struct{ member, value string }{
		"NaN":                      {"current.temperature_2m", "NaN"},
		"Infinity":                 {"current.temperature_2m", "Infinity"},
		"1e400":                    {"current.temperature_2m", "1e400"},
		"-1e400 in a list":         {"hourly.temperature_2m", "[1,-1e400]"},
		"1e300":                    {"current.pressure_msl", "1e300"},
		"a measure of text":        {"current.temperature_2m", `"12"`},
		"a measure of truth":       {"current.is_day", "true"},
		"a measure of a list":      {"current.temperature_2m", "[1]"},
		"a measure of an object":   {"current.temperature_2m", `{"value":1}`},
		"a list of one measure":    {"hourly.temperature_2m", "12"},
		"text in a list":           {"hourly.temperature_2m", `["1","2"]`},
		"an object for a list":     {"daily.weather_code", "{}"},
		"an object for times":      {"hourly.time", `{"0":1}`},
		"a local time":             {"current.time", `"2026-06-15T12:15"`},
		"a broken time":            {"current.time", "1781524800.5"},
		"no time":                  {"current.time", "null"},
		"a time before 1970":       {"current.time", "-5"},
		"a time without end":       {"current.time", "9223372036854775807"},
		"a time beyond all":        {"current.time", "9223372036854775808"},
		"the first hour null":      {"hourly.time", "[null,1781528400]"},
		"an hour twice":            {"hourly.time", "[1781528400,1781528400]"},
		"hours backwards":          {"hourly.time", "[1781528400,1781524800]"},
		"an hour without end":      {"hourly.time", "[1781524800,9223372036854775807]"},
		"too few hours":            {"hourly", `{"time":[1781524800]}`},
		"no hours":                 {"hourly", "null"},
		"a list of hours":          {"hourly", "[]"},
		"days backwards":           {"daily.time", "[1781560800,1781474400]"},
		"a day at noon":            {"daily.time", "[1781474400,1781604000]"},
		"too few days":             {"daily", `{"time":[1781474400]}`},
		"no days":                  {"daily", "null"},
		"no offset for the days":   {"utc_offset_seconds", "null"},
		"an offset of a year":      {"utc_offset_seconds", "31543200"},
		"an offset without end":    {"utc_offset_seconds", "9223372036854775807"},
		"an offset of text":        {"utc_offset_seconds", `"7200"`},
		"no current conditions":    {"current", "null"},
		"a list of conditions":     {"current", "[]"},
		"no latitude":              {"latitude", "null"},
		"another latitude":         {"latitude", "50.9"},
		"a latitude of text":       {"latitude", `"52.5"`},
		"no longitude":             {"longitude", "null"},
		"another longitude":        {"longitude", "-13.4"},
		"a longitude without end":  {"longitude", "-1e308"},
		"the number of another":    {"location_id", "1"},
		"a number that is no such": {"location_id", `"` + secret + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			none(t, answering(t, 200, set(t, good, change.member, change.value)), fault.UpstreamInvalid, some, berlin)
		})
	}
}

func TestANonsensicalAnswerSpoilsOnlyItsOwnPlace(t *testing.T) {
	t.Parallel()
	places := []weather.Place{delhi, berlin, lima}
	good := parse(t, recorded(t, some, places...))
	middle := write(t, good[1])
	for name, body := range map[string]string{
		"null":                "null",
		"empty":               "{}",
		"a list":              "[]",
		"text":                `"` + secret + `"`,
		"an error":            `{"error":true,"reason":"` + secret + `"}`,
		"1e400":               set(t, middle, "current.temperature_2m", "1e400"),
		"a wrong type":        set(t, middle, "hourly.time", `"`+secret+`"`),
		"short hourly list":   set(t, middle, "hourly.temperature_2m", "[1]"),
		"long hourly list":    set(t, middle, "hourly.is_day", "[1,1,1]"),
		"short hourly times":  set(t, middle, "hourly.time", "[1781524800]"),
		"short list of codes": set(t, middle, "hourly.weather_code", "[1]"),
		"short daily list":    set(t, middle, "daily.temperature_2m_max", "[1]"),
		"long daily list":     set(t, middle, "daily.sunrise", "[1,2,3]"),
		"short daily times":   set(t, middle, "daily.time", "[1781474400]"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := "[" + write(t, good[0]) + "," + body + "," + write(t, good[2]) + "]"
			results, err := answering(t, 200, list).Fetch(t.Context(), places, some)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				if i == 1 {
					if failed(t, r.Err, fault.UpstreamInvalid); r.Report != nil {
						t.Errorf("the place has %+v", r.Report)
					}
					continue
				}
				if r.Err != nil {
					t.Fatalf("%s: %v", places[i].TimeZone, r.Err)
				}
				complete(t, r.Report, places[i], some)
			}
		})
	}
}
