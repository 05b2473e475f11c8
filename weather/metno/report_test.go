package metno_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/metno"
	"barograph/weather/providertest/sample"
)

// forecast writes steps into a forecast for Oslo, in the wire format.
func forecast(steps ...string) string {
	return `{"type":"Feature","geometry":{"type":"Point","coordinates":[10.746,59.9127,12]},"properties":{"meta":{"updated_at":"2026-06-15T11:04:26Z","units":{"air_temperature":"celsius","wind_speed":"m/s"}},"timeseries":[` +
		strings.Join(steps, ",") + `]}}`
}

// step writes one: its day and hour, its temperature, and what comes.
func step(at string, temperature float64, next string) string {
	return fmt.Sprintf(`{"time":"2026-06-%s:00:00Z","data":{"instant":{"details":{"air_temperature":%v,"relative_humidity":60.5,"cloud_area_fraction":99.2,"air_pressure_at_sea_level":1007.7,"wind_speed":5.5,"wind_from_direction":214.3,"wind_speed_of_gust":10}}%s}}`,
		at, temperature, next)
}

func next(hours int, symbol string, rain, lowest, highest float64) string {
	extremes := ""
	if hours > 1 {
		extremes = fmt.Sprintf(`,"air_temperature_min":%v,"air_temperature_max":%v`, lowest, highest)
	}
	return fmt.Sprintf(`,"next_%d_hours":{"summary":{"symbol_code":%q},"details":{"precipitation_amount":%v,"probability_of_precipitation":%v%s}}`,
		hours, symbol, rain, rain*10, extremes)
}

func telling(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func TestAReportSaysWhatTheForecastSays(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	s.answer(telling(forecast(
		step("15T11", 1, next(1, "fog", 0, 0, 0)), // an hour that is over
		step("15T12", 14.5, next(1, "lightrainshowers_day", 0.4, 0, 0)),
		step("15T13", 15, next(1, "cloudy", 0.1, 0, 0)),
		step("15T14", 16, next(6, "rain", 3, 9.5, 18)),          // to 20:00
		step("15T20", 11, next(6, "heavyrain", 6, 8, 11.5)),     // to 02:00: four hours past Oslo's midnight at 22:00
		step("16T02", 8, next(6, "clearsky_night", 0, 7.5, 13)), // to 08:00
		step("16T08", 13, next(6, "snow", 1.5, 13, 19.5)),       // to 14:00
		step("16T14", 19, ""),
	)))
	results, err := c.Fetch(t.Context(), []weather.Place{oslo}, weather.Need{Current: true, Hours: 2, Days: 2})
	if err != nil {
		t.Fatal(err)
	}
	r := results[0].Report
	now := r.Current
	if now.Time.Format(time.RFC3339) != "2026-06-15T14:00:00+02:00" || !near(now.Temperature, 14.5) || !near(now.Humidity, 60.5) || !near(now.CloudCover, 99.2) || !near(now.Pressure, 1007.7) ||
		!near(now.WindSpeed, 19.8) || !near(now.WindDirection, 214.3) || !near(now.WindGusts, 36) || !near(now.Precipitation, 0.4) || now.Code != 80 || now.Daylight != weather.Daytime || now.ApparentTemperature.Known() {
		t.Errorf("it is %+v", now)
	}
	if h := r.Hourly; len(h) != 2 || !near(h[0].Temperature, 14.5) || !near(h[0].PrecipitationProbability, 4) || !near(h[1].Temperature, 15) || h[1].Code != 3 || h[1].Daylight != weather.DaylightUnknown {
		t.Errorf("the hours are %+v", h)
	}
	today, tomorrow := r.Daily[0], r.Daily[1]
	// 0.4 + 0.1 + 3, and of the six from 20:00 to 02:00 the two hours up to 22:00.
	if today.Date.Format(time.RFC3339) != "2026-06-15T00:00:00+02:00" || !near(today.TemperatureMin, 9.5) || !near(today.TemperatureMax, 18) || !near(today.PrecipitationSum, 5.5) || !near(today.PrecipitationProbabilityMax, 30) || today.Code != 80 {
		t.Errorf("today is %+v", today)
	}
	if tomorrow.Date.Format(time.RFC3339) != "2026-06-16T00:00:00+02:00" || !near(tomorrow.TemperatureMin, 7.5) || !near(tomorrow.TemperatureMax, 19.5) || !near(tomorrow.PrecipitationSum, 5.5) || tomorrow.Code != 73 || !near(tomorrow.WindSpeedMax, 19.8) || !tomorrow.Sunrise.IsZero() {
		t.Errorf("tomorrow is %+v", tomorrow)
	}
}

func TestEverySymbolHasACode(t *testing.T) {
	t.Parallel()
	names := []string{"clearsky", "fair", "partlycloudy", "cloudy", "fog"}
	for _, kind := range []string{"rain", "sleet", "snow"} {
		for _, strength := range []string{"light", "", "heavy"} {
			names = append(names, strength+kind, strength+kind+"andthunder", strength+kind+"showers")
			if strength == "light" && kind != "rain" {
				names = append(names, "lights"+kind+"showersandthunder") // as the service spells it
			} else {
				names = append(names, strength+kind+"showersandthunder")
			}
		}
	}
	if len(names) != 41 {
		t.Fatalf("%d symbols, and the service has 41", len(names))
	}
	c, s := connect(t)
	seen := map[weather.Condition]bool{}
	for i, name := range names {
		s.answer(telling(forecast(step("15T12", 1, next(1, name+"_night", 0, 0, 0)))))
		results, err := c.Fetch(t.Context(), []weather.Place{{Latitude: 59.5 + float64(i)/100, Longitude: 10.7, TimeZone: "GMT"}}, weather.Need{Current: true})
		if err != nil {
			t.Fatal(err)
		}
		now := results[0].Report.Current
		condition, known := now.Condition()
		if !known || now.Daylight != weather.Night || strings.Contains(name, "thunder") != (condition == weather.Thunderstorm) {
			t.Errorf("%s is %d, %s", name, now.Code, condition)
		}
		seen[condition] = true
	}
	if len(seen) != 9 {
		t.Errorf("they are %v", seen)
	}
}

func TestWhatIsNoForecastIsInvalid(t *testing.T) {
	t.Parallel()
	good := forecast(step("15T12", 14.5, next(1, "rain", 0.4, 0, 0)), step("15T13", 15, next(1, "rain", 0.4, 0, 0)))
	swap := func(old, text string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(good, old, text, 1)
	}
	texts := map[string]string{
		"nothing": "", "HTML": "<html>", "an object": "{}", "a list": "[]", "null": "null", "two of them": good + good, "NUL": "\x00",
		"NaN": swap("14.5", "NaN"), "1e400": swap("14.5", "1e400"), "too hot": swap("14.5", "1e9"), "a text": swap("14.5", `"warm"`), "an object for a number": swap("14.5", "{}"),
		"another place": swap("59.9127", "40"), "another longitude": swap("10.746", "-170"), "no place": swap(`"coordinates":[10.746,59.9127,12]`, `"coordinates":[]`), "a place of text": swap("59.9127", `"here"`),
		"kelvins": swap("celsius", "kelvin"), "no moments": forecast(), "the same moment twice": swap("15T13", "15T12"), "moments in turn": swap("15T12", "15T14"), "no time": swap("2026-06-15T12:00:00Z", "noon"),
		"the past": strings.ReplaceAll(good, "2026-06-15", "2026-06-14"), "the future": strings.ReplaceAll(good, "2026-06-15", "2026-06-16"), "the year 9999": strings.ReplaceAll(good, "2026", "9999"),
		"a name twice": swap(`"air_temperature":14.5`, `"air_temperature":1,"air_temperature":14.5`), "deep": strings.Repeat(`{"a":`, 10_000), "huge": good + strings.Repeat(" ", 1<<20),
		"one hour": forecast(step("15T12", 14.5, next(1, "rain", 0.4, 0, 0)), step("15T14", 15, next(1, "rain", 0.4, 0, 0))),
	}
	for k := range len(good) {
		texts[fmt.Sprint("cut off at ", k)] = good[:k]
	}
	for name, text := range texts {
		c, s := connect(t) // each with a pace of its own
		s.answer(telling(text))
		times := 2 // since nothing of it may be kept
		if strings.HasPrefix(name, "cut off") {
			times = 1 // for the pace's sake
		}
		for calls := range times {
			results, err := c.Fetch(t.Context(), []weather.Place{oslo}, weather.Need{Current: true, Hours: 2, Days: 1})
			if fault.KindOf(err) != fault.UpstreamInvalid || results != nil {
				t.Errorf("%s: %v, %v", name, results, err)
			}
			if s.count() != calls+1 {
				t.Errorf("%s is kept", name)
			}
		}
	}
}

func TestAnAnswerThatLacksWhatIsNeededIsNoAnswer(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	s.answer(telling(forecast(step("15T12", 14.5, next(1, "rain", 0.4, 0, 0)))))
	for _, need := range []weather.Need{{Hours: 2}, {Days: 2}} {
		if _, err := c.Fetch(t.Context(), []weather.Place{oslo}, need); fault.KindOf(err) != fault.UpstreamInvalid {
			t.Errorf("%+v: %v", need, err)
		}
	}
	if _, err := c.Fetch(t.Context(), []weather.Place{oslo}, weather.Need{Current: true, Hours: 1, Days: 1}); err != nil {
		t.Error(err)
	}
}

func FuzzAnyForecastIsReadOrRefused(f *testing.F) {
	recorded := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/locationforecast/2.0/complete?lat=59.9127&lon=10.746", nil)
	request.Header.Set("User-Agent", agent)
	sample.MetNorway(func() time.Time { return noon }).ServeHTTP(recorded, request)
	f.Add(recorded.Body.String())
	f.Add(forecast(step("15T12", 14.5, next(6, "rain", 0.4, 0, 0))))
	c, s := connect(f)
	f.Fuzz(func(t *testing.T, text string) {
		s.answer(telling(text))
		s.move(4 * time.Hour)
		results, err := c.Fetch(t.Context(), []weather.Place{oslo}, weather.Need{Current: true, Hours: 1, Days: 1})
		if (err == nil) != (results != nil) || err != nil && fault.KindOf(err) != fault.UpstreamInvalid {
			t.Errorf("%v, %v", results, err)
		}
	})
}

func ExampleNew() {
	_, err := metno.New(metno.Config{URL: metno.DefaultURL})
	fmt.Println(err)
	// Output: met-norway user agent: want who you are and how to reach you, as in "example.org weather@example.org": the service's terms ask for it
}
