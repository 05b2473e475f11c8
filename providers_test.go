package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barograph/internal/settings"
	"barograph/weather/providertest/sample"
)

func TestMETNorwayAnswersAndTheNextProviderForWhatItHasNot(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(sample.MetNorway(time.Now))
	t.Cleanup(server.Close)
	g := start(t, command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"), "--weather", "met-norway,simulator",
		"--met-norway-url", server.URL, "--met-norway-user-agent", "barograph tests@example.org"))
	const want = `{"weather":{"freshness":{"provider":"met-norway","simulated":false}}}`
	if got := g.data(t, freshness, nil); got != want {
		t.Errorf("weather = %s, want %s; it printed:\n%s", got, want, g.out)
	}
}

func TestAPerCityServiceIsAskedByTheNamesOfCities(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/weather/Oslo" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"temp":12.5}`)
	}))
	t.Cleanup(server.Close)
	mapping := filepath.Join(t.TempDir(), "mapping.yaml")
	if err := os.WriteFile(mapping, []byte("temperature: /temp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{mapping, `{temperature: /temp}`} {
		g := start(t, command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"), "--weather", "per-city",
			"--per-city-url", server.URL+"/weather/{city}?key=swordfish", "--per-city-mapping", given))
		const want = `{"weather":{"current":{"temperature":12.5},"freshness":{"provider":"per-city"}}}`
		if got := g.data(t, `{ weather(city: "Oslo") { current { temperature } freshness { provider } } }`, nil); got != want {
			t.Errorf("weather = %s, want %s; it printed:\n%s", got, want, g.out)
		}
		if strings.Contains(g.out.String(), "swordfish") {
			t.Errorf("it tells the key:\n%s", g.out)
		}
	}
}

func TestAProviderThatLacksASettingSaysWhich(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]settings.Settings{
		"user agent":       {Weather: settings.Weather{Providers: []string{"met-norway"}, METNorwayURL: "https://api.met.no/weatherapi"}},
		"per-city-mapping": {Weather: settings.Weather{Providers: []string{"per-city"}, PerCityURL: "https://host/{city}"}},
		"per-city url":     {Weather: settings.Weather{Providers: []string{"per-city"}, PerCityMapping: "{temperature: /t}"}},
		"api key":          {Weather: settings.Weather{Providers: []string{"open-meteo"}, OpenMeteoURL: "http://example.org", OpenMeteoAirURL: "none", OpenMeteoAPIKey: "swordfish"}},
	} {
		chosen, err := chooseProviders(t.Context(), s, nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%v: %v, want something of %q", s.Providers, err, want)
		}
		_ = chosen.close(t.Context())
	}
}
