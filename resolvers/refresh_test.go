package resolvers_test

import (
	"slices"
	"testing"
	"time"

	"barograph/internal/gatewaytest"
)

type refreshed struct {
	RefreshWeather struct {
		Weather []*struct {
			City      struct{ Name string }
			Freshness struct {
				State     string
				FetchedAt time.Time
			}
		}
		Problems []struct {
			Code, Message string
			Field         []string
			RetryAfterMs  *int
		}
	}
}

const refresh = `mutation ($cities: [String!]!) { refreshWeather(input: { cities: $cities }) {
	weather { city { name } freshness { state fetchedAt } } problems { code message field retryAfterMs } } }`

func TestRefreshWeatherGoesPastTheCacheAndSaysWhereItDidNot(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var got refreshed
	cities := gatewaytest.Variables{"cities": []string{"Oslo", "Lima"}}
	g.Data(t, refresh, cities, &got)
	if r := got.RefreshWeather; len(r.Weather) != 2 || r.Weather[1].City.Name != "Lima" || r.Weather[1].Freshness.State != "LIVE" || len(r.Problems) != 0 {
		t.Errorf("at first: %+v", r)
	}
	g.Data(t, refresh, cities, &got)
	r := got.RefreshWeather
	if len(r.Problems) != 2 || r.Problems[1].Code != "WEATHER_NOT_REFRESHED" || !slices.Equal(r.Problems[1].Field, []string{"cities", "1"}) || r.Problems[1].RetryAfterMs == nil {
		t.Errorf("again at once: problems = %+v, want one for each city", r.Problems)
	}
	if r.Weather[1].Freshness.State != "CACHED" {
		t.Errorf("again at once: %+v, want the report there is", r.Weather[1])
	}
	g.Advance(11 * time.Second) // less than any report lives
	g.Data(t, refresh, cities, &got)
	if r := got.RefreshWeather; r.Weather[0].Freshness.State != "LIVE" || len(r.Problems) != 0 || len(g.Upstream.Calls()) != 2 {
		t.Errorf("then: %+v after %d calls", r, len(g.Upstream.Calls()))
	}
	g.Advance(11 * time.Second) // less than any report lives
	g.Upstream.Fail(func(gatewaytest.Call) gatewaytest.Failure { return gatewaytest.Failure{Status: 429, Body: "{}"} })
	g.Data(t, refresh, cities, &got)
	if r := got.RefreshWeather; r.Weather[0].Freshness.State != "CACHED" || len(r.Problems) != 2 || *r.Problems[0].RetryAfterMs != 60_000 {
		t.Errorf("without quota: %+v, want the reports there are and when to try again", r)
	}
}

func TestRefreshWeatherFailsForEachCityByItself(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	e := g.Error(t, refresh, gatewaytest.Variables{"cities": []string{"Oslo", "Nowhereville"}})
	if e.Where() != "refreshWeather.weather.1" || e.Extensions.Code != "NOT_FOUND" {
		t.Errorf("an unknown city is %s at %s", e.Extensions.Code, e.Where())
	}
	g.Upstream.Fail(func(gatewaytest.Call) gatewaytest.Failure { return gatewaytest.Failure{Status: 503, Body: "{}"} })
	e = g.Error(t, refresh, gatewaytest.Variables{"cities": []string{"Lima"}})
	if e.Where() != "refreshWeather.weather.0" || e.Extensions.Code != "UPSTREAM_UNAVAILABLE" {
		t.Errorf("one without any report is %s at %s", e.Extensions.Code, e.Where())
	}
	e = g.Error(t, refresh, gatewaytest.Variables{"cities": make([]string, 1001)})
	if e.Where() != "refreshWeather" || e.Extensions.Code != "LIMIT_EXCEEDED" {
		t.Errorf("too many are %s at %s", e.Extensions.Code, e.Where())
	}
}

func TestTheAirHasAFreshnessOfItsOwnAndTheSameUnitsEverywhere(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	type quality struct {
		AirQuality struct {
			Freshness                              struct{ State, Provider string }
			Time                                   time.Time
			EuropeanAqi, UsAqi, Pm10, Ozone, Pm2_5 float64
			NitrogenDioxide                        float64
		}
		Freshness struct{ State string }
	}
	const fields = `airQuality { freshness { state provider } time europeanAqi usAqi pm2_5 pm10 ozone nitrogenDioxide }`
	var got struct{ Metric, Imperial quality }
	g.Data(t, `{ metric: weather(city: "Oslo") { `+fields+` } imperial: weather(city: "Oslo", units: IMPERIAL) { `+fields+` } }`, nil, &got)
	a := got.Metric.AirQuality
	if a != got.Imperial.AirQuality || a.Pm2_5 == 0 || a.EuropeanAqi == 0 || a.Freshness.State != "LIVE" || a.Freshness.Provider != "open-meteo" {
		t.Errorf("the air is %+v and %+v", a, got.Imperial.AirQuality)
	}
	if calls := g.Upstream.Calls(); len(calls) != 1 {
		t.Errorf("%d calls for the air alone, want 1", len(calls))
	}
	g.Data(t, `{ metric: weather(city: "Oslo") { freshness { state } `+fields+` } }`, nil, &got)
	if got.Metric.Freshness.State != "LIVE" || got.Metric.AirQuality.Freshness.State != "CACHED" {
		t.Errorf("then: %+v, want a new report with the air there is", got.Metric)
	}
}
