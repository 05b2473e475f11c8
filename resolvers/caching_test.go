package resolvers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"barograph/internal/gatewaytest"
)

// policyOf returns what the answer to a query by GET says of its keeping.
func policyOf(t *testing.T, g *gatewaytest.Gateway, query string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"?query="+url.QueryEscape(query), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", query, res.Status)
	}
	return res.Header.Get("Cache-Control")
}

func TestAnswersAreKeptAsLongAsWhatIsInThem(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	const day = "max-age=86400, public"
	for query, want := range map[string]string{
		`{ city(name: "Oslo") { id name } }`:                                day,
		`{ searchCities(query: "Os") { name } }`:                            day,
		`{ node(id: "City:3143244") { id ... on City { name } } }`:          day,
		`{ node(id: "Record:default:a") { id } }`:                           "no-store",
		`{ nodes(ids: ["City:3143244", "Pipeline:default"]) { id } }`:       "no-store",
		`{ pipeline(name: "default") { name } }`:                            "no-store",
		`{ city(name: "Oslo") { records { nodes { id } } } }`:               "no-store",
		`{ cities(names: ["Oslo", "Nowhereville"]) { name } }`:              "no-store", // it has an error
		`{ city(name: "Oslo") { name } pipeline(name: "none") { version }}`: "no-store",
		`{ __typename }`: "no-store",
	} {
		if got := policyOf(t, g, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// keptUntil fails unless the answer to a query may be kept for as long.
func keptUntil(t *testing.T, g *gatewaytest.Gateway, query string, expiry time.Time) {
	t.Helper()
	before := time.Until(expiry)
	got := policyOf(t, g, query)
	after := time.Until(expiry)
	text, public := strings.CutSuffix(strings.TrimPrefix(got, "max-age="), ", public")
	seconds, err := strconv.Atoi(text)
	if age := time.Duration(seconds) * time.Second; err != nil || !public || age > before || age < after-time.Second {
		t.Errorf("%s: kept for %s, want %v", query, got, before)
	}
}

func TestWeatherIsKeptUntilTheFirstOfWhatIsShownExpires(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	type freshness struct{ Freshness struct{ ExpiresAt time.Time } }
	var data struct {
		Weather struct {
			freshness
			AirQuality freshness
		}
	}
	const air = `airQuality { freshness { expiresAt } }`
	g.Data(t, `{ weather(city: "Oslo") { freshness { expiresAt } `+air+` } }`, nil, &data)
	report, quality := data.Weather.Freshness.ExpiresAt, data.Weather.AirQuality.Freshness.ExpiresAt
	if !quality.Before(report) {
		t.Fatalf("the air is fresh until %v, the report until %v", quality, report)
	}
	keptUntil(t, g, `{ weather(city: "Oslo") { current { temperature } `+air+` } }`, quality)
	keptUntil(t, g, `{ weather(city: "Oslo") { `+air+` } }`, quality)
	keptUntil(t, g, `{ weather(city: "Oslo") { current { temperature } } }`, report)

	g.Advance(time.Until(quality) + time.Second) // the air may be refreshed while it is answered
	if got := policyOf(t, g, `{ weather(city: "Oslo") { current { temperature } `+air+` } }`); got != "no-store" {
		t.Errorf("with stale air: kept for %s", got)
	}
}

func TestWeatherIsKeptUntilItExpires(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var data struct {
		Weather struct{ Freshness struct{ ExpiresAt time.Time } }
	}
	g.Data(t, `{ weather(city: "Oslo") { freshness { expiresAt } } }`, nil, &data)
	const query = `{ city(name: "Oslo") { name weather { city { name } current { temperature } daily { date } freshness { state } } } }`
	before := time.Until(data.Weather.Freshness.ExpiresAt)
	keptUntil(t, g, query, data.Weather.Freshness.ExpiresAt)

	g.Advance(time.Hour + time.Since(time.Now().Add(-before))) // past the expiry, and nobody knows better
	g.Upstream.Fail(func(gatewaytest.Call) gatewaytest.Failure {
		return gatewaytest.Failure{Status: http.StatusInternalServerError}
	})
	if got := policyOf(t, g, query); got != "no-store" {
		t.Errorf("a stale report is kept for %s", got)
	}
}
