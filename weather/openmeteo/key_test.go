package openmeteo_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/openmeteo"
)

// client returns a client of a base that must be one.
func client(t testing.TB, base string, options ...openmeteo.Option) *openmeteo.Client {
	t.Helper()
	c, err := openmeteo.New(base, openmeteo.Source, func() time.Time { return noon }, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestAKeyIsSentInAHeaderWithEveryCallAndShownNowhere(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		asked = append(asked, r)
		mu.Unlock()
		if bytes.Contains(body, []byte(secret)) {
			t.Error("the key is in the body")
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "the key "+r.Header.Get("X-Api-Key")+" is not known")
	}))
	t.Cleanup(server.Close)
	c := client(t, server.URL, openmeteo.Air(server.URL), openmeteo.Key(secret))
	many := make([]weather.Place, 500)
	for i := range many {
		many[i] = weather.Place{Latitude: float64(i) / 10, TimeZone: "America/Argentina/Buenos_Aires"}
	}
	for _, places := range [][]weather.Place{{berlin}, many} {
		_, err := c.Fetch(t.Context(), places, weather.Need{Current: true, AirQuality: true})
		if failed(t, err, fault.UpstreamUnavailable); strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "is not known") {
			t.Errorf("the log would say %v", err)
		}
	}
	if len(asked) != 4 {
		t.Errorf("%d calls", len(asked))
	}
	for _, r := range asked {
		if r.Header.Get("X-Api-Key") != secret || strings.Contains(r.URL.String(), secret) {
			t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("X-Api-Key"))
		}
	}
}

func TestAKeyIsNotSentWhereAnybodyCouldReadIt(t *testing.T) {
	t.Parallel()
	for _, urls := range [][2]string{
		{"http://customer-api.open-meteo.com", openmeteo.CustomerAirURL}, {openmeteo.CustomerURL, "http://customer-air-quality-api.open-meteo.com"}, {"http://10.0.0.1", openmeteo.CustomerAirURL},
	} {
		_, err := openmeteo.New(urls[0], openmeteo.Source, time.Now, openmeteo.Air(urls[1]), openmeteo.Key(secret))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v: %v", urls, err)
		}
	}
	for _, base := range []string{openmeteo.CustomerURL, "http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"} {
		client(t, base, openmeteo.Key(secret))
	}
}
