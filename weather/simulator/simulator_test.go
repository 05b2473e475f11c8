package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"barograph/weather/simulator"
)

var noon = time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC)

func at(t time.Time) http.Handler { return simulator.New(func() time.Time { return t }) }

// A forecast is an answer for one location, as a client reads it.
type forecast struct {
	Latitude, Longitude float64
	GenerationTime      *float64 `json:"generationtime_ms"`
	UTCOffset           int64    `json:"utc_offset_seconds"`
	Timezone            string
	Abbreviation        string `json:"timezone_abbreviation"`
	Elevation           *float64
	LocationID          *int              `json:"location_id"`
	CurrentUnits        map[string]string `json:"current_units"`
	Current             map[string]any
	HourlyUnits         map[string]string `json:"hourly_units"`
	Hourly              map[string][]any
	DailyUnits          map[string]string `json:"daily_units"`
	Daily               map[string][]any
}

func get(t testing.TB, h http.Handler, query string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/forecast?"+query, nil))
	return w
}

func post(t testing.TB, h http.Handler, kind, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v1/forecast", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A failer is a test or a property.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// one reads an answer for one location, several one for a list.
func one(t failer, w *httptest.ResponseRecorder) forecast {
	t.Helper()
	var f forecast
	read(t, w, &f)
	return f
}

func several(t failer, w *httptest.ResponseRecorder) []forecast {
	t.Helper()
	var f []forecast
	read(t, w, &f)
	return f
}

func read(t failer, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
}

func TestOneLocationIsAnObjectAndSeveralAreAnArrayInOrder(t *testing.T) {
	t.Parallel()
	berlin := one(t, get(t, at(noon), "latitude=52.52&longitude=13.41&elevation=38&current=temperature_2m"))
	if berlin.LocationID != nil || berlin.Latitude != 52.5 || berlin.Longitude != 13.375 || *berlin.Elevation != 38 || berlin.GenerationTime == nil {
		t.Errorf("got %+v", berlin)
	}
	list := several(t, get(t, at(noon), "latitude=-33.87,52.52,0&longitude=151.21,13.41,-180&elevation=39,38,nan&current=temperature_2m"))
	if len(list) != 3 {
		t.Fatalf("%d answers for 3 locations", len(list))
	}
	if list[0].LocationID != nil || *list[1].LocationID != 1 || *list[2].LocationID != 2 {
		t.Errorf("location ids %v %v %v, want none, 1, 2", list[0].LocationID, list[1].LocationID, list[2].LocationID)
	}
	if list[2].Elevation != nil || list[2].Longitude != -180 {
		t.Errorf("without downscaling: elevation %v, longitude %v", list[2].Elevation, list[2].Longitude)
	}
	if !reflect.DeepEqual(list[1].Current, berlin.Current) {
		t.Errorf("among others %v, alone %v", list[1].Current, berlin.Current)
	}
	chosen := several(t, get(t, at(noon), "latitude=1,2&longitude=1,2&location_id=7,0"))
	if *chosen[0].LocationID != 7 || chosen[1].LocationID != nil {
		t.Errorf("chosen ids %v %v, want 7 and none", chosen[0].LocationID, chosen[1].LocationID)
	}
}

func TestSectionsComeOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	f := one(t, get(t, at(noon), "latitude=52.52&longitude=13.41"))
	if f.Current != nil || f.Hourly != nil || f.Daily != nil || f.Elevation == nil {
		t.Errorf("got %+v", f)
	}
	f = one(t, get(t, at(noon), "latitude=52.52&longitude=13.41&hourly=rain"))
	if f.Current != nil || len(f.Hourly["rain"]) != 7*24 || f.Daily != nil {
		t.Errorf("got %+v", f)
	}
}

func TestEveryWayOfAskingGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	h := at(noon)
	const query = "latitude=52.52,-33.87&longitude=13.41,151.21&elevation=38,39&timezone=Europe/Berlin,Australia/Sydney&current=temperature_2m,weather_code&daily=sunrise&forecast_days=2"
	want := get(t, h, query).Body.String()
	if !strings.HasPrefix(want, "[{") {
		t.Fatal(want)
	}
	for way, w := range map[string]*httptest.ResponseRecorder{
		"escaped commas":   get(t, h, strings.ReplaceAll(query, ",", "%2C")),
		"repeated names":   get(t, h, strings.Replace(query, "latitude=52.52,-33.87", "latitude=52.52&latitude=-33.87", 1)),
		"a form":           post(t, h, "application/x-www-form-urlencoded", query),
		"an escaped form":  post(t, h, "application/x-www-form-urlencoded; charset=utf-8", escaped(t, query)),
		"JSON of strings":  post(t, h, "application/json", `{"latitude":["52.52","-33.87"],"longitude":["13.41,151.21"],"elevation":["38","39"],"timezone":["Europe/Berlin","Australia/Sydney"],"current":["temperature_2m","weather_code"],"daily":["sunrise"],"forecast_days":2}`),
		"JSON of numbers":  post(t, h, "application/json", `{"latitude":[52.52,-33.87],"longitude":[13.41,151.21],"elevation":[38,39],"timezone":["Europe/Berlin,Australia/Sydney"],"current":["temperature_2m","weather_code"],"hourly":null,"daily":["sunrise"],"forecast_days":2}`),
		"an ignored extra": get(t, h, query+"&cell_selection=nearest&models=best_match&format=json&apikey=x"),
	} {
		if got := w.Body.String(); got != want {
			t.Errorf("%s: got %s\nwant %s", way, got, want)
		}
	}
}

func escaped(t *testing.T, query string) string {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values.Encode()
}

func TestAThousandLocationsFitOneForm(t *testing.T) {
	t.Parallel()
	w := post(t, at(noon), "application/x-www-form-urlencoded", batch(1000, "current=temperature_2m").Encode())
	if list := several(t, w); len(list) != 1000 || *list[999].LocationID != 999 {
		t.Errorf("%d answers", len(list))
	}
}

// batch returns the parameters of a request for n places all over the world.
func batch(n int, rest string) url.Values {
	latitudes, longitudes, elevations := make([]string, n), make([]string, n), make([]string, n)
	for i := range n {
		latitudes[i] = fmt.Sprintf("%.4f", float64(i*7919%1700)/10-85)
		longitudes[i] = fmt.Sprintf("%.4f", float64(i*104729%3600)/10-180)
		elevations[i] = fmt.Sprint(i % 900)
	}
	values, err := url.ParseQuery(rest)
	if err != nil {
		panic(err)
	}
	values.Set("latitude", strings.Join(latitudes, ","))
	values.Set("longitude", strings.Join(longitudes, ","))
	values.Set("elevation", strings.Join(elevations, ","))
	return values
}
