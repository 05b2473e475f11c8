package resolvers_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"barograph/internal/gatewaytest"
)

func TestWeatherAnswersConditionsAndForecasts(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var got struct {
		Weather struct {
			ID, TimeZone, Units string
			City                struct{ ID, Name, Admin1, Country, CountryName string }
			Freshness           struct {
				State, Provider, Attribution string
				Simulated                    bool
				FetchedAt, ExpiresAt         time.Time
			}
			Current struct {
				Time                                       time.Time
				Temperature, Humidity, Pressure, WindSpeed *float64
				WeatherCode                                *int
				Condition, Description                     *string
				IsDay                                      *bool
			}
			Hourly []struct {
				Time                     time.Time
				Temperature              *float64
				PrecipitationProbability *float64
			}
			Daily []struct {
				Date                           string
				TemperatureMin, TemperatureMax float64
				Sunrise, Sunset                time.Time
			}
		}
	}
	g.Data(t, `{ weather(city: "bombay") {
		id timeZone units city { id name admin1 country countryName }
		freshness { state provider simulated attribution fetchedAt expiresAt }
		current { time temperature humidity pressure windSpeed weatherCode condition description isDay }
		hourly(hours: 30) { time temperature precipitationProbability }
		daily { date temperatureMin temperatureMax sunrise sunset }
	} }`, nil, &got)
	w := got.Weather
	if w.City.Name != "Mumbai" || w.City.Country != "IN" || w.City.CountryName != "India" || w.City.Admin1 != "Maharashtra" {
		t.Errorf("city = %+v, want Mumbai in Maharashtra, India", w.City)
	}
	if w.ID != "Weather:"+w.City.ID+":METRIC" || w.TimeZone != "Asia/Kolkata" || w.Units != "METRIC" {
		t.Errorf("id, zone, units = %s, %s, %s", w.ID, w.TimeZone, w.Units)
	}
	if f := w.Freshness; f.State != "LIVE" || f.Provider != "open-meteo" || f.Simulated || f.Attribution == "" || !f.ExpiresAt.After(f.FetchedAt) {
		t.Errorf("freshness = %+v", f)
	}
	if _, offset := w.Current.Time.Zone(); offset != 19800 {
		t.Errorf("current time = %v, want India's offset", w.Current.Time)
	}
	if c := w.Current; c.Temperature == nil || c.Humidity == nil || c.Pressure == nil || c.WindSpeed == nil || c.WeatherCode == nil ||
		c.Condition == nil || c.Description == nil || c.IsDay == nil {
		t.Errorf("current = %+v, want every value", c)
	}
	if len(w.Hourly) != 30 || w.Hourly[29].Time.Sub(w.Hourly[0].Time) != 29*time.Hour || w.Hourly[0].PrecipitationProbability == nil {
		t.Errorf("hourly = %+v, want 30 hours on end", w.Hourly)
	}
	if d := w.Daily; len(d) != 7 || d[0].TemperatureMin > d[0].TemperatureMax || !d[0].Sunset.After(d[0].Sunrise) || d[0].Date == d[1].Date {
		t.Errorf("daily = %+v, want 7 days", w.Daily)
	}
}

func TestWeatherIsConvertedHere(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	type values struct{ Temperature, Pressure, WindSpeed, Precipitation float64 }
	var got struct {
		Metric, Imperial struct {
			ID      string
			Current values
			Daily   []struct{ TemperatureMax float64 }
			Hourly  []struct{ Temperature float64 }
		}
	}
	const fields = `id current { temperature pressure windSpeed precipitation } hourly(hours: 1) { temperature } daily(days: 1) { temperatureMax }`
	g.Data(t, `{ metric: weather(city: "Quito") { `+fields+` } imperial: weather(city: "Quito", units: IMPERIAL) { `+fields+` } }`, nil, &got)
	m, i := got.Metric, got.Imperial
	if m.ID == i.ID {
		t.Errorf("both units have the id %s", m.ID)
	}
	for name, c := range map[string][2]float64{
		"temperature": {m.Current.Temperature*9/5 + 32, i.Current.Temperature},
		"hourly":      {m.Hourly[0].Temperature*9/5 + 32, i.Hourly[0].Temperature},
		"daily":       {m.Daily[0].TemperatureMax*9/5 + 32, i.Daily[0].TemperatureMax},
		"pressure":    {m.Current.Pressure / 33.86389, i.Current.Pressure},
		"wind":        {m.Current.WindSpeed / 1.609344, i.Current.WindSpeed},
		"rain":        {m.Current.Precipitation / 25.4, i.Current.Precipitation},
	} {
		if math.Abs(c[0]-c[1]) > 0.006 {
			t.Errorf("imperial %s = %v, want %v", name, c[1], c[0])
		}
	}
	if calls := g.Upstream.Calls(); len(calls) != 1 || len(calls[0].Latitudes) != 1 || calls[0].Form["temperature_unit"] != nil {
		t.Errorf("calls = %+v, want one, metric, for one place", calls)
	}
}

func TestWeatherAtTakesTheNearestCitysTimeZone(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var got struct {
		WeatherAt struct {
			ID, TimeZone        string
			City                *struct{ Name string }
			Latitude, Longitude float64
		}
	}
	g.Data(t, `{ weatherAt(latitude: 59.95, longitude: 10.7) { id timeZone city { name } latitude longitude } }`, nil, &got)
	if w := got.WeatherAt; w.TimeZone != "Europe/Oslo" || w.City != nil || w.Latitude != 59.95 || w.Longitude != 10.7 || w.ID != "Weather:59.95,10.7:METRIC" {
		t.Errorf("weatherAt = %+v", w)
	}
}

func TestWeatherIsFoundAgainByItsID(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, id := range []string{"Weather:City:3143244:IMPERIAL", "Weather:-12.5,130:METRIC"} {
		var got struct {
			Node struct {
				ID      string
				Current struct{ Temperature *float64 }
			}
		}
		g.Data(t, `query ($id: ID!) { node(id: $id) { id ... on Weather { current { temperature } } } }`, gatewaytest.Variables{"id": id}, &got)
		if got.Node.ID != id || got.Node.Current.Temperature == nil {
			t.Errorf("node(%s) = %+v", id, got.Node)
		}
	}
}

func TestReportsAreServedFromTheCacheWhileFresh(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	ask := func(fields string) string {
		var got struct {
			Weather struct{ Freshness struct{ State string } }
		}
		g.Data(t, `{ weather(city: "Lima") { freshness { state } `+fields+` } }`, nil, &got)
		return got.Weather.Freshness.State
	}
	for i, step := range []struct{ fields, want string }{
		{"daily(days: 3) { date }", "LIVE"},
		{"daily(days: 2) { date }", "CACHED"},
		{"current { time } daily(days: 3) { date }", "LIVE"}, // more than has been fetched
	} {
		if got := ask(step.fields); got != step.want {
			t.Errorf("question %d is answered %s, want %s", i, got, step.want)
		}
	}
}

func TestCityArgumentsAreRefusedWithACodeAndAPath(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	many := `"` + strings.Repeat(`x", "`, 1000) + `x"`
	for name, c := range map[string]struct{ query, path, code string }{
		"an unknown city":       {`{ weather(city: "Nowhereville") { id } }`, "weather", "NOT_FOUND"},
		"an empty name":         {`{ city(name: "") { id } }`, "city", "NOT_FOUND"},
		"a latitude beyond":     {`{ weatherAt(latitude: 90.1, longitude: 0) { id } }`, "weatherAt", "BAD_USER_INPUT"},
		"a longitude beyond":    {`{ weatherAt(latitude: 0, longitude: -181) { id } }`, "weatherAt", "BAD_USER_INPUT"},
		"no hours":              {`{ weather(city: "Oslo") { hourly(hours: 0) { time } } }`, "weather.hourly", "BAD_USER_INPUT"},
		"too many hours":        {`{ weather(city: "Oslo") { hourly(hours: 361) { time } } }`, "weather.hourly", "BAD_USER_INPUT"},
		"too many days":         {`{ weather(city: "Oslo") { daily(days: 17) { date } } }`, "weather.daily", "BAD_USER_INPUT"},
		"an Int of 33 bits":     {`{ weather(city: "Oslo") { daily(days: 4294967296) { date } } }`, "", "GRAPHQL_VALIDATION_FAILED"},
		"too many names":        {`{ cities(names: [` + many + `]) { id } }`, "cities", "LIMIT_EXCEEDED"},
		"a search for too many": {`{ searchCities(query: "a", first: 101) { id } }`, "searchCities", "BAD_USER_INPUT"},
		"a country by name":     {`{ searchCities(query: "a", country: "Norway") { id } }`, "searchCities", "BAD_USER_INPUT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := g.Error(t, c.query, nil); got.Where() != c.path || got.Extensions.Code != c.code {
				t.Errorf("error = %s at %s, want %s at %s", got.Extensions.Code, got.Where(), c.code, c.path)
			}
		})
	}
}

func TestSearchCitiesCompletesNames(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var got struct {
		SearchCities []struct{ Name, Country string }
	}
	g.Data(t, `{ searchCities(query: "san fra", first: 3, country: "us") { name country } }`, nil, &got)
	if len(got.SearchCities) == 0 || got.SearchCities[0].Name != "San Francisco" || got.SearchCities[0].Country != "US" {
		t.Errorf("searchCities = %+v, want San Francisco first", got.SearchCities)
	}
}
