package percity_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/guard"
	"barograph/weather/percity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	noon = time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC)
	oslo = weather.Place{Latitude: 59.91273, Longitude: 10.74609, TimeZone: "Europe/Oslo"}
	need = weather.Need{Current: true}
)

// openWeather maps the shape of OpenWeatherMap's current weather.
const openWeather = `
attribution: Weather data by Example
life: 5m
time: {at: /dt, unit: unix}
temperature: {at: /main/temp, unit: K}
apparent-temperature: {at: /main/feels_like, unit: K}
humidity: /main/humidity
cloud-cover: /clouds/all
pressure: /main/pressure
wind-speed: {at: /wind/speed, unit: m/s}
wind-direction: /wind/deg
wind-gusts: {at: /wind/gust, unit: m/s}
precipitation: {at: /rain/1h}
code: {at: /weather/0/id, codes: {"500": 61, "800": 0}}
`

const answer = `{"coord":{"lon":10.7461,"lat":59.9127},"weather":[{"id":500,"main":"Rain"}],"main":{"temp":285.65,"feels_like":285.15,"pressure":1009,"humidity":81},
	"wind":{"speed":4.5,"deg":200},"rain":{"1h":0.42},"clouds":{"all":90},"dt":1781525700,"name":"Oslo","cod":200}`

func mapping(t testing.TB, text string) percity.Mapping {
	t.Helper()
	m, err := percity.ParseMapping([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// connect returns a client of what a handler serves, below a path.
func connect(t testing.TB, path, mapped, city string, h http.HandlerFunc) *percity.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := percity.New(percity.Config{
		URL: server.URL + path, Mapping: mapping(t, mapped), City: func(weather.Place) string { return city }, Now: func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func telling(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func TestAnAnswerIsReadAsTheMappingSays(t *testing.T) {
	t.Parallel()
	c := connect(t, "/weather/{city}", openWeather, "Oslo", telling(answer))
	results, err := c.Fetch(t.Context(), []weather.Place{oslo}, need)
	if err != nil {
		t.Fatal(err)
	}
	r := results[0].Report
	near := func(got weather.Measure, want float64) bool {
		return got > weather.Measure(want-1e-6) && got < weather.Measure(want+1e-6)
	}
	now := r.Current
	if !near(now.Temperature, 12.5) || !near(now.ApparentTemperature, 12) || !near(now.Humidity, 81) || !near(now.CloudCover, 90) || !near(now.Pressure, 1009) ||
		!near(now.WindSpeed, 16.2) || !near(now.WindDirection, 200) || now.WindGusts.Known() || !near(now.Precipitation, 0.42) || now.Code != 61 || now.Daylight != weather.DaylightUnknown {
		t.Errorf("it is %+v", now)
	}
	if now.Time.Format(time.RFC3339) != "2026-06-15T14:15:00+02:00" || !r.FetchedAt.Equal(noon) || !r.ExpiresAt.Equal(noon.Add(5*time.Minute)) || r.Place != oslo {
		t.Errorf("the report is %+v of %s", r, now.Time)
	}
	if r.Source.Provider != "per-city" || r.Source.Attribution != "Weather data by Example" || r.Source.Simulated || c.Source() != r.Source {
		t.Errorf("its source is %+v", r.Source)
	}
}

func TestUnitsBecomeOurs(t *testing.T) {
	t.Parallel()
	for field, test := range map[string]struct {
		text string
		want float64
		of   func(*weather.Conditions) weather.Measure
	}{
		`temperature: {at: /v, unit: °F}`:           {`{"v":68}`, 20, func(c *weather.Conditions) weather.Measure { return c.Temperature }},
		`temperature: /v`:                           {`{"v":" -3.5 "}`, -3.5, func(c *weather.Conditions) weather.Measure { return c.Temperature }},
		`humidity: {at: /a/1/b~1c, unit: fraction}`: {`{"a":[0,{"b/c":0.25}]}`, 25, func(c *weather.Conditions) weather.Measure { return c.Humidity }},
		`wind-speed: {at: /v, unit: mph}`:           {`{"v":10}`, 16.09344, func(c *weather.Conditions) weather.Measure { return c.WindSpeed }},
		`wind-gusts: {at: /v, unit: kn}`:            {`{"v":10}`, 18.52, func(c *weather.Conditions) weather.Measure { return c.WindGusts }},
		`precipitation: {at: /v, unit: inch}`:       {`{"v":0.5}`, 12.7, func(c *weather.Conditions) weather.Measure { return c.Precipitation }},
		`pressure: {at: /v, unit: Pa}`:              {`{"v":101325}`, 1013.25, func(c *weather.Conditions) weather.Measure { return c.Pressure }},
	} {
		results, err := connect(t, "/{city}", field, "Oslo", telling(test.text)).Fetch(t.Context(), []weather.Place{oslo}, need)
		if err != nil {
			t.Errorf("%s: %v", field, err)
		} else if got := float64(test.of(results[0].Report.Current)); got < test.want-1e-6 || got > test.want+1e-6 {
			t.Errorf("%s of %s is %v, want %v", field, test.text, got, test.want)
		}
	}
}

func TestTimesLightAndCodesInTheirForms(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ mapping, text, want string }{
		{`{time: /t, day: /d, code: /c}`, `{"t":"2026-06-15T10:00:00+02:00","d":true,"c":3}`, "10:00 2 3"},
		{`{time: {at: /t, unit: unix-ms}, day: /d, code: /c}`, `{"t":1781525700000,"d":0,"c":3.0}`, "14:15 1 3"},
		{`{code: {at: /c, codes: {rain: 63}}}`, `{"c":"rain"}`, "14:20 0 63"},
		{`{code: {at: /c, codes: {rain: 63}}, temperature: /t}`, `{"c":"frogs","t":1}`, "14:20 0 -1"},
		{`{code: /c, temperature: /t, day: /d, time: /when}`, `{"t":1,"d":null}`, "14:20 0 -1"},
	} {
		results, err := connect(t, "/{city}", test.mapping, "Oslo", telling(test.text)).Fetch(t.Context(), []weather.Place{oslo}, need)
		if err != nil {
			t.Errorf("%s: %v", test.mapping, err)
			continue
		}
		c := results[0].Report.Current
		if got := c.Time.Format("15:04 ") + string(rune('0'+c.Daylight)) + " " + strings.TrimSpace(slog.IntValue(int(c.Code)).String()); got != test.want {
			t.Errorf("%s of %s is %q, want %q", test.mapping, test.text, got, test.want)
		}
	}
}

func TestWhatIsNoAnswerIsInvalid(t *testing.T) {
	t.Parallel()
	told := ""
	c := connect(t, "/{city}", openWeather, "Oslo", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, told) })
	texts := []string{
		"", "<html>", "{}", "[]", "null", "1", `"x"`, "\x00", answer + answer, answer + "x", `{"main":{"temp":NaN}}`, `{"main":{"temp":1e400}}`, `{"main":{"temp":1e9}}`,
		`{"main":{"temp":"warm"}}`, `{"main":{"temp":"NaN"}}`, `{"main":{"temp":"1e999"}}`, `{"main":{"temp":[1]}}`, `{"main":{"temp":{}}}`, `{"main":{"temp":true}}`, `{"main":[1]}`, `{"main":{"temp":1,"temp":2}}`,
		`{"main":{"temp":280},"dt":-5}`, `{"main":{"temp":280},"dt":1e300}`, `{"main":{"temp":280},"dt":"now"}`, `{"main":{"temp":280},"weather":[{"id":[]}]}`,
		strings.Repeat("[", 100_000), strings.Repeat(" ", 300<<10),
	}
	for k := range len(answer) {
		texts = append(texts, answer[:k])
	}
	for _, told = range texts {
		results, err := c.Fetch(t.Context(), []weather.Place{oslo}, need)
		if fault.KindOf(err) != fault.UpstreamInvalid || results != nil || errors.Is(err, weather.ErrRejected) {
			t.Errorf("%.60q: %v, %v", told, results, err)
		}
	}
	told = answer
	if _, err := c.Fetch(t.Context(), []weather.Place{oslo}, need); err != nil {
		t.Errorf("then: %v", err)
	}
}

func TestAPlaceThatIsNotKnownIsNotFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		city string
		h    http.HandlerFunc
	}{
		"there":         {"Atlantis", http.NotFound},
		"here":          {"", telling(answer)},
		"as it is dots": {"..", telling(answer)},
	} {
		_, err := connect(t, "/v1/{city}/now", openWeather, test.city, test.h).Fetch(t.Context(), []weather.Place{oslo}, need)
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManyCitiesAreAskedForAtOnceWithinABound(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	underway, most, asked := 0, 0, map[string]int{}
	c := connect(t, "/{latitude}/{longitude}", openWeather, "", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		underway++
		most = max(most, underway)
		mu.Unlock()
		<-time.After(50 * time.Millisecond)
		mu.Lock()
		underway--
		mu.Unlock()
		_, _ = io.WriteString(w, answer)
	})
	g := guard.New(c, guard.Config{Now: time.Now, Random: func() float64 { return 0 }, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(g.Close)
	service := weather.NewService(time.Now, slog.New(slog.DiscardHandler), g)
	t.Cleanup(service.Close)
	places := make([]weather.Place, 100)
	for i := range places {
		places[i] = weather.Place{Latitude: float64(i) / 2, TimeZone: "GMT"}
	}
	began := time.Now()
	for i, r := range service.Reports(t.Context(), places, need) {
		if r.Err != nil || r.Report.Place != places[i] {
			t.Fatalf("%v has %+v", places[i], r)
		}
	}
	took := time.Since(began)
	t.Logf("100 cities at 50 ms each, %d at once: %v", most, took)
	if most > 32 || len(asked) != 100 || took > 2*time.Second { // one after the other, it would be 5
		t.Errorf("%d cities in %v, %d at once", len(asked), took, most)
	}
}
