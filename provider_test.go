package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
	"barograph/weather/simulator"
)

const freshness = `{ weather(city: "Oslo") { freshness { provider simulated } } }`

// absent returns the base of a weather service that answers nobody yet, and what
// brings it up. It listens all along: nobody else can take its port meanwhile.
func absent(t *testing.T) (base string, up func()) {
	t.Helper()
	service := simulator.New(time.Now)
	var there atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !there.Load() {
			panic(http.ErrAbortHandler) // closes the connection
		}
		service.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() { there.Store(true) }
}

func TestAutoSimulatesWhatDoesNotAnswerAndKeepsToIt(t *testing.T) {
	t.Parallel()
	base, up := absent(t)
	g := start(t, command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"), "--open-meteo-url", base))
	if !strings.Contains(g.out.String(), "SIMULATED") {
		t.Errorf("it does not say that the weather is simulated:\n%s", g.out)
	}
	const want = `{"weather":{"freshness":{"provider":"simulator","simulated":true}}}`
	if got := g.data(t, freshness, nil); got != want {
		t.Errorf("weather = %s, want %s", got, want)
	}
	up()
	if got := g.data(t, freshness, nil); got != want {
		t.Errorf("once the service is there, weather = %s, want %s", got, want)
	}
}

func TestAutoTakesTheServiceThatAnswers(t *testing.T) {
	t.Parallel()
	base, up := absent(t)
	up()
	g := start(t, command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"), "--open-meteo-url", base))
	const want = `{"weather":{"freshness":{"provider":"open-meteo","simulated":false}}}`
	if got := g.data(t, freshness, nil); got != want || strings.Contains(g.out.String(), "SIMULATED") {
		t.Errorf("weather = %s, want %s; it printed:\n%s", got, want, g.out)
	}
}

func TestAutoNeverSimulatesBesideAGivenDatabase(t *testing.T) {
	t.Parallel()
	base, up := absent(t)
	g := start(t, command(t, "--listen", "127.0.0.1:0", "--database-url", postgrestest.Database(t), "--data-dir", filepath.Join(tempDir(t), "data"), "--open-meteo-url", base))
	a, err := g.ask(t.Context(), freshness, nil)
	if err != nil || len(a.Errors) != 1 || a.Errors[0].Extensions.Code != "UPSTREAM_UNAVAILABLE" || string(a.Data) != `{"weather":null}` {
		t.Errorf("while the service is away: %s, %+v, %v; want UPSTREAM_UNAVAILABLE", a.Data, a.Errors, err)
	}
	up()
	const want = `{"weather":{"freshness":{"provider":"open-meteo","simulated":false}}}`
	if got := g.data(t, freshness, nil); got != want {
		t.Errorf("weather = %s, want %s", got, want)
	}
	if !strings.Contains(g.out.String(), "the given PostgreSQL") {
		t.Errorf("it does not say which database it uses:\n%s", g.out)
	}
}

func TestASecondProviderAnswersWhereTheFirstIsAway(t *testing.T) {
	t.Parallel()
	base, up := absent(t)
	g := start(t, command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"), "--open-meteo-url", base,
		"--weather", "open-meteo,simulator"))
	if want := "open-meteo, " + base + "; else SIMULATED"; !strings.Contains(g.out.String(), want) {
		t.Errorf("it does not say %q:\n%s", want, g.out)
	}
	const lima = `{ weather(city: "Lima") { freshness { provider simulated } } }`
	if got, want := g.data(t, freshness, nil), `{"weather":{"freshness":{"provider":"simulator","simulated":true}}}`; got != want {
		t.Errorf("while the first is away, weather = %s, want %s", got, want)
	}
	up()
	if got, want := g.data(t, lima, nil), `{"weather":{"freshness":{"provider":"open-meteo","simulated":false}}}`; got != want {
		t.Errorf("once the first is there, weather = %s, want %s", got, want)
	}
}
