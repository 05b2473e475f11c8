package loaders_test

import (
	"testing"

	"barograph/weather"
)

func TestOnlyWhatIsSelectedIsNeeded(t *testing.T) {
	t.Parallel()
	current, air := weather.Need{Current: true}, weather.Need{AirQuality: true}
	for query, want := range map[string]weather.Need{
		`{ weather(city: "Oslo") { current { time } } }`:                                                                                 current,
		`{ weather(city: "Oslo") { id } }`:                                                                                               current, // there must be something
		`{ weather(city: "Oslo") { airQuality { usAqi } } }`:                                                                             air,
		`{ weather(city: "Oslo") { airQuality { freshness { state } } } }`:                                                               air,
		`{ weather(city: "Oslo") { freshness { state } airQuality { usAqi } } }`:                                                         current.And(air),
		`{ weather(city: "Oslo") { freshness { state } daily { date } } }`:                                                               {Days: 7},
		`{ weather(city: "Oslo") { hourly(hours: 3) { time } ... on Weather @defer { daily(days: 2) { date } } } }`:                      {Hours: 3, Days: 2},
		`{ weather(city: "Oslo") { hourly(hours: 3) { time } ...F @skip(if: true) } } fragment F on Weather { current { time } }`:        {Hours: 3},
		`{ weather(city: "Oslo") { daily(days: 3) { date } current @include(if: false) { time } } }`:                                     {Days: 3},
		`{ weather(city: "Oslo") { daily(days: 3) { date } ...F @include(if: false) ...F } } fragment F on Weather { current { time } }`: {Current: true, Days: 3},
		`mutation { refreshWeather(input: { cities: "Oslo" }) { weather { hourly(hours: 5) { time } } } }`:                               {Hours: 5},
		`{ node(id: "Weather:City:3143244:METRIC") { ... on Weather { hourly(hours: 5) { time } } } }`:                                   {Hours: 5},
	} {
		var p provider
		if answer := run(t, &p, query, nil); p.need != want {
			t.Errorf("%s: need %+v, want %+v: %s", query, p.need, want, answer)
		}
	}
}
