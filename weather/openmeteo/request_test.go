package openmeteo_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/openmeteo"
	"barograph/weather/simulator"
)

func TestOnePlaceIsAnsweredByAnObject(t *testing.T) {
	t.Parallel()
	upstream := record(noon)
	fetch(t, connect(t, upstream, noon), weather.Need{Current: true}, berlin)
	request, answer := upstream.last()
	if !bytes.HasPrefix(answer, []byte("{")) {
		t.Errorf("the answer is %.40s", answer)
	}
	query := request.URL.Query()
	if request.Method != http.MethodGet || request.URL.Path != "/v1/forecast" || query.Get("latitude") != "52.52437" ||
		query.Get("timezone") != "Europe/Berlin" || query.Has("hourly") || query.Has("daily") {
		t.Errorf("asked by %s %s", request.Method, request.URL)
	}
	if request.UserAgent() != "barograph" || request.Header.Get("Accept") != "application/json" {
		t.Errorf("asked with %v", request.Header)
	}
}

func TestManyPlacesAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	upstream := record(noon)
	reports := fetch(t, connect(t, upstream, noon), weather.Need{Current: true, Hours: 2, Days: 2}, delhi, berlin, lima)
	if _, answer := upstream.last(); !bytes.HasPrefix(answer, []byte("[")) {
		t.Errorf("the answer is %.40s", answer)
	}
	for i, place := range []weather.Place{delhi, berlin, lima} {
		alone := fetch(t, connect(t, record(noon), noon), weather.Need{Current: true, Hours: 2, Days: 2}, place)[0]
		if !slices.EqualFunc(alone.Hourly, reports[i].Hourly, func(a, b weather.Hour) bool {
			return a.Time.Equal(b.Time) && a.Temperature == b.Temperature && a.Pressure == b.Pressure
		}) {
			t.Errorf("%s has %+v among others and %+v alone", place.TimeZone, reports[i].Hourly, alone.Hourly)
		}
	}
}

func TestALongQueryIsPosted(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 150, 1000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			upstream := record(noon)
			places := make([]weather.Place, n)
			for i := range places {
				places[i] = weather.Place{Latitude: float64(i)*0.1 - 50, Longitude: float64(i)*0.3 - 150, TimeZone: "America/Argentina/Buenos_Aires"}
			}
			fetch(t, connect(t, upstream, noon), weather.Need{Current: true}, places...)
			request, _ := upstream.last()
			posted := request.Method == http.MethodPost
			if posted != (n > 10) || len(request.URL.RawQuery) > 6000 || posted && request.URL.RawQuery != "" {
				t.Errorf("%d places are asked by %s with a query of %d bytes", n, request.Method, len(request.URL.RawQuery))
			}
		})
	}
}

func TestWhatIsNeededIsAsked(t *testing.T) {
	t.Parallel()
	for _, need := range []weather.Need{
		{}, {Current: true}, {Hours: 1}, {Days: 1}, {Current: true, Hours: 24, Days: 7}, {Current: true, Hours: weather.MaxHours, Days: weather.MaxDays},
	} {
		upstream := record(noon)
		fetch(t, connect(t, upstream, noon), need, berlin) // which counts what comes
		request, _ := upstream.last()
		for part, asked := range map[string]bool{"current": need.Current, "hourly": need.Hours > 0, "daily": need.Days > 0} {
			if request.URL.Query().Has(part) != asked {
				t.Errorf("for %+v, %s is asked: %t", need, part, !asked)
			}
		}
	}
}

func TestTheServerMayStandBelowAPath(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.StripPrefix("/weather", record(noon)))
	t.Cleanup(server.Close)
	failed(t, clientOf(t, server.URL, noon).Ping(t.Context()), fault.UpstreamUnavailable)
	for _, base := range []string{"/weather", "/weather/"} {
		if err := clientOf(t, server.URL+base, noon).Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestAClientSaysWhoItIs(t *testing.T) {
	t.Parallel()
	c := connect(t, record(noon), noon)
	if c.Source() != simulator.Source || c.Limits().Batch != 1000 {
		t.Errorf("source %+v, %d places a call", c.Source(), c.Limits().Batch)
	}
}

func TestABadBaseIsRefused(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"", "api.open-meteo.com", "//api.open-meteo.com", "/v1", "ftp://api.open-meteo.com", "http:", "http://", "https:///v1", "http://:80", "http:api.open-meteo.com",
		"http://host:port", "http://[::1", "http://a b", "http://host/%zz", "https://host?apikey=1", "https://host?", "https://host#here", "http://host\n",
	} {
		if c, err := openmeteo.New(base, openmeteo.Source, nil); err == nil || c != nil {
			t.Errorf("%q: got %v, %v", base, c, err)
		}
	}
	for _, base := range []string{openmeteo.DefaultURL, "http://127.0.0.1:8080", "http://[::1]:80/", "HTTPS://host/a/path/"} {
		if _, err := openmeteo.New(base, openmeteo.Source, nil); err != nil {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestABadBaseDoesNotTellItsPassword(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"ftp://user:swordfish@host", "http://user:swordfish@host?q", "http://user:swordfish@host:port"} {
		if _, err := openmeteo.New(base, openmeteo.Source, nil); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v", err)
		}
	}
}
