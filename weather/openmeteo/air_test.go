package openmeteo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/openmeteo"
	"barograph/weather/simulator"
)

// sample returns a file of testdata, in the service's wire format.
func sample(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// airy returns a client of the simulator's forecasts and of an air quality API
// that answers with a status and a text.
func airy(t testing.TB, status int, text string) *openmeteo.Client {
	t.Helper()
	forecasts := httptest.NewServer(simulator.New(func() time.Time { return noon }))
	t.Cleanup(forecasts.Close)
	air := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/air-quality" || r.URL.Query().Get("current") != "european_aqi,us_aqi,pm2_5,pm10,ozone,nitrogen_dioxide" || r.URL.Query().Get("timeformat") != "unixtime" {
			t.Errorf("asked for %s", r.URL)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(air.Close)
	return client(t, forecasts.URL, openmeteo.Air(air.URL))
}

func is(p *float64, want float64) bool { return p != nil && *p == want }

func TestAirQualityComesWithTheReportOrAlone(t *testing.T) {
	t.Parallel()
	c := airy(t, http.StatusOK, sample(t, "air.json"))
	if !c.Has().AirQuality {
		t.Error("it says that it has none")
	}
	for _, need := range []weather.Need{{AirQuality: true}, {AirQuality: true, Current: true, Hours: 3, Days: 2}} {
		results, err := c.Fetch(t.Context(), []weather.Place{berlin, lima}, need)
		if err != nil || results[0].Err != nil || results[1].Err != nil {
			t.Fatal(err, results)
		}
		r := results[0].Report
		if (r.Current != nil) != need.Current || len(r.Hourly) != need.Hours || len(r.Daily) != need.Days || r.Place != berlin {
			t.Errorf("for %+v: %+v", need, r)
		}
		a := r.AirQuality
		if a == nil || !is(a.EuropeanAQI, 31) || !is(a.USAQI, 48) || !is(a.PM25, 8.4) || !is(a.PM10, 13.1) || !is(a.Ozone, 77) || !is(a.NitrogenDioxide, 9.7) ||
			a.Time.Format(time.RFC3339) != "2026-06-15T14:00:00+02:00" || a.Source != openmeteo.Source || !a.FetchedAt.Equal(noon) || !a.ExpiresAt.Equal(noon.Add(40*time.Minute)) {
			t.Errorf("the air of Berlin is %+v", a)
		}
		if a := results[1].Report.AirQuality; a == nil || a.USAQI != nil || !is(a.EuropeanAQI, 22) {
			t.Errorf("the air of Lima is %+v", a)
		}
	}
}

func TestAirThatFailsSpoilsNoWeather(t *testing.T) {
	t.Parallel()
	good := sample(t, "air.json")
	for name, test := range map[string]struct {
		status int
		text   string
		kind   fault.Kind // of the air alone
		lost   [2]bool
	}{
		"away":           {http.StatusBadGateway, secret, fault.UpstreamUnavailable, [2]bool{true, true}},
		"garbage":        {http.StatusOK, "<html>", fault.UpstreamInvalid, [2]bool{true, true}},
		"cut off":        {http.StatusOK, good[:len(good)-40], fault.UpstreamInvalid, [2]bool{true, true}},
		"a negative one": {http.StatusOK, strings.Replace(good, `"pm10":13.1`, `"pm10":-1`, 1), fault.UpstreamInvalid, [2]bool{true, false}},
		"another place":  {http.StatusOK, strings.Replace(good, `"latitude":52.5`, `"latitude":12.5`, 1), fault.UpstreamInvalid, [2]bool{true, false}},
		"no number":      {http.StatusOK, strings.Replace(good, `"ozone":77.0`, `"ozone":"much"`, 1), fault.UpstreamInvalid, [2]bool{true, false}},
		"no conditions":  {http.StatusOK, strings.ReplaceAll(good, `"current":`, `"now":`), fault.UpstreamInvalid, [2]bool{true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := airy(t, test.status, test.text)
			results, err := c.Fetch(t.Context(), []weather.Place{berlin, lima}, weather.Need{Current: true, AirQuality: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				if r.Err != nil || r.Report.Current == nil || (r.Report.AirQuality == nil) != test.lost[i] {
					t.Errorf("place %d has %+v, %v", i, r.Report, r.Err)
				} else if test.lost[i] {
					failed(t, r.AirErr, test.kind)
				}
			}
			results, err = c.Fetch(t.Context(), []weather.Place{berlin, lima}, weather.Need{AirQuality: true})
			if err == nil {
				err = results[0].Err
			}
			failed(t, err, test.kind)
		})
	}
}

func TestWithoutAnAddressThereIsNoAir(t *testing.T) {
	t.Parallel()
	upstream := record(noon)
	c := connect(t, upstream, noon)
	results, err := c.Fetch(t.Context(), []weather.Place{berlin}, weather.Need{Current: true, AirQuality: true})
	if err != nil || results[0].Report.AirQuality != nil || c.Has().AirQuality {
		t.Errorf("got %+v, %v", results, err)
	}
	for _, base := range []string{"", "ftp://host", "https://host?apikey=1"} {
		if _, err := openmeteo.New(openmeteo.DefaultURL, openmeteo.Source, time.Now, openmeteo.Air(base)); err == nil {
			t.Errorf("%q is taken", base)
		}
	}
}
