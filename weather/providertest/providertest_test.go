package providertest_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/weather"
	"barograph/weather/guard"
	"barograph/weather/metno"
	"barograph/weather/openmeteo"
	"barograph/weather/percity"
	"barograph/weather/providertest"
	"barograph/weather/providertest/sample"
	"barograph/weather/quota"
	"barograph/weather/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// realProviders makes the tests call the services themselves. Its value is the
// user agent that MET Norway is told, as in "example.org weather@example.org".
const realProviders = "BAROGRAPH_TEST_REAL_PROVIDERS"

// moments are those that the tests take place at, in turn: also just before a
// day of UTC ends, and while clocks change.
var moments = map[string]time.Time{
	"noon":     time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC),
	"midnight": time.Date(2026, time.December, 31, 23, 59, 30, 0, time.UTC),
	"change":   time.Date(2026, time.October, 25, 0, 40, 0, 0, time.UTC),
}

var quiet = slog.New(slog.DiscardHandler)

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// kept returns a provider that is closed after the test.
func kept[P interface {
	weather.Provider
	Close()
}](t testing.TB, p P, err error) weather.Provider {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func atEachMoment(t *testing.T, connect func(testing.TB, func() time.Time) weather.Provider) {
	t.Helper()
	t.Parallel()
	for name, moment := range moments {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := func() time.Time { return moment }
			providertest.Run(t, now, func(t testing.TB) weather.Provider { return connect(t, now) })
			t.Run("guarded", func(t *testing.T) {
				t.Parallel()
				providertest.Run(t, now, func(t testing.TB) weather.Provider {
					return kept(t, guard.New(connect(t, now), guard.Config{Now: now, Random: func() float64 { return 0 }, Logger: quiet, Hedge: true}), nil)
				})
			})
		})
	}
}

func TestTheSimulatorKeepsTheContract(t *testing.T) {
	atEachMoment(t, func(t testing.TB, now func() time.Time) weather.Provider {
		c, err := openmeteo.New(serve(t, simulator.New(now)), simulator.Source, now)
		return kept(t, c, err)
	})
}

func TestOpenMeteoKeepsTheContract(t *testing.T) {
	atEachMoment(t, func(t testing.TB, now func() time.Time) weather.Provider {
		c, err := openmeteo.New(serve(t, simulator.New(now)), openmeteo.Source, now,
			openmeteo.Air(serve(t, sample.OpenMeteoAir(now))), openmeteo.Key("a key"), openmeteo.Quota(quota.NewMeter(quota.Free, now)))
		return kept(t, c, err)
	})
}

func TestMETNorwayKeepsTheContract(t *testing.T) {
	atEachMoment(t, func(t testing.TB, now func() time.Time) weather.Provider {
		c, err := metno.New(metno.Config{URL: serve(t, sample.MetNorway(now)), UserAgent: "barograph tests@example.org", Now: now, Logger: quiet})
		return kept(t, c, err)
	})
}

func TestAPerCityServiceKeepsTheContract(t *testing.T) {
	atEachMoment(t, func(t testing.TB, now func() time.Time) weather.Provider {
		mapping, err := percity.ParseMapping([]byte(sample.PerCityMapping))
		if err != nil {
			t.Fatal(err)
		}
		c, err := percity.New(percity.Config{URL: serve(t, sample.PerCity(now)) + "/weather/{latitude},{longitude}", Mapping: mapping, Now: now})
		return kept(t, c, err)
	})
}

func TestTheRealServicesKeepTheContract(t *testing.T) {
	t.Parallel()
	agent := os.Getenv(realProviders)
	if agent == "" {
		t.Skip(realProviders + " does not say who asks")
	}
	t.Run("open-meteo", func(t *testing.T) {
		t.Parallel()
		providertest.Run(t, time.Now, func(t testing.TB) weather.Provider {
			c, err := openmeteo.New(openmeteo.DefaultURL, openmeteo.Source, time.Now, openmeteo.Air(openmeteo.DefaultAirURL))
			return kept(t, c, err)
		})
	})
	t.Run("met-norway", func(t *testing.T) {
		t.Parallel()
		providertest.Run(t, time.Now, func(t testing.TB) weather.Provider {
			c, err := metno.New(metno.Config{URL: metno.DefaultURL, UserAgent: agent, Now: time.Now, Logger: quiet})
			return kept(t, c, err)
		})
	})
}
