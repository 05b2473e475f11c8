package openmeteo_test

import (
	"slices"
	"testing"

	"barograph/internal/fault"
	"barograph/weather"
)

// potsdam is so near to Berlin that nothing but its number tells its answer
// from Berlin's.
var potsdam = weather.Place{Latitude: 52.39886, Longitude: 13.06566, TimeZone: "Europe/Berlin"}

// Each place gets its own report or an error, never another place's report.
func TestAListThatIsNotInOrderGivesNoPlaceAnothersReport(t *testing.T) {
	t.Parallel()
	places := []weather.Place{berlin, potsdam, delhi, lima}
	own := parse(t, recorded(t, some, places...))
	for name, test := range map[string]struct {
		order []int
		right []int // the places that still have their own
	}{
		"in order":        {[]int{0, 1, 2, 3}, []int{0, 1, 2, 3}},
		"neighbours":      {[]int{1, 0, 2, 3}, []int{2, 3}},
		"far apart":       {[]int{0, 1, 3, 2}, []int{0, 1}},
		"backwards":       {[]int{3, 2, 1, 0}, nil},
		"turned":          {[]int{1, 2, 3, 0}, nil},
		"the first twice": {[]int{0, 0, 2, 3}, []int{0, 2, 3}},
		"one for all":     {[]int{2, 2, 2, 2}, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := make([]object, len(test.order))
			for i, from := range test.order {
				list[i] = own[from]
			}
			results, err := answering(t, 200, write(t, list)).Fetch(t.Context(), places, some)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				if !slices.Contains(test.right, i) {
					if failed(t, r.Err, fault.UpstreamInvalid); r.Report != nil {
						t.Errorf("place %d has %+v", i, r.Report)
					}
					continue
				}
				if r.Err != nil {
					t.Fatalf("place %d: %v", i, r.Err)
				}
				complete(t, r.Report, places[i], some)
				if want := own[i]["current"].(object)["temperature_2m"].(float64); r.Report.Current.Temperature != weather.Measure(want) {
					t.Errorf("place %d has %v °C, want %v", i, r.Report.Current.Temperature, want)
				}
			}
		})
	}
}

func TestAListOfTheWrongLengthIsInvalid(t *testing.T) {
	t.Parallel()
	places := []weather.Place{berlin, delhi, lima}
	own := parse(t, recorded(t, some, places...))
	for name, list := range map[string][]object{
		"none":      {},
		"one":       own[:1],
		"one less":  own[:2],
		"one more":  append(slices.Clone(own), own[0]),
		"all twice": append(slices.Clone(own), own...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			none(t, answering(t, 200, write(t, list)), fault.UpstreamInvalid, some, places...)
		})
	}
	t.Run("an object", func(t *testing.T) {
		t.Parallel()
		none(t, answering(t, 200, write(t, own[0])), fault.UpstreamInvalid, some, places...)
	})
}

// A server need not number its answers; far places are told apart without.
func TestAnUnnumberedListIsToldByItsCoordinates(t *testing.T) {
	t.Parallel()
	places := []weather.Place{berlin, delhi, lima}
	own := parse(t, recorded(t, some, places...))
	for _, forecast := range own {
		delete(forecast, "location_id")
	}
	fetch(t, answering(t, 200, write(t, own)), some, places...)
	slices.Reverse(own)
	results, err := answering(t, 200, write(t, own)).Fetch(t.Context(), places, some)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if right := i == 1; right != (r.Err == nil) {
			t.Errorf("place %d has %+v", i, r)
		}
	}
}

func TestTheDateLineAndThePolesAreNoDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ asked, answered weather.Place }{
		{weather.Place{Latitude: -17, Longitude: 180}, weather.Place{Latitude: -17, Longitude: -180}},
		{weather.Place{Latitude: -17, Longitude: -179.9}, weather.Place{Latitude: -17, Longitude: 179.9}},
		{weather.Place{Latitude: 90, Longitude: 0}, weather.Place{Latitude: 89.9, Longitude: 120}},
		{weather.Place{Latitude: -89, Longitude: 10}, weather.Place{Latitude: -89.2, Longitude: -170}},
	} {
		test.asked.TimeZone = "GMT"
		body := write(t, object{"latitude": test.answered.Latitude, "longitude": test.answered.Longitude, "current": object{"time": noon.Unix()}})
		fetch(t, answering(t, 200, body), weather.Need{Current: true}, test.asked)
	}
}

func TestNoCoordinatesAreNotThoseOfNullIsland(t *testing.T) {
	t.Parallel()
	island := weather.Place{TimeZone: "GMT"}
	good := string(recorded(t, weather.Need{Current: true}, island))
	for _, member := range []string{"latitude", "longitude"} {
		none(t, answering(t, 200, set(t, good, member, "null")), fault.UpstreamInvalid, weather.Need{Current: true}, island)
	}
}

func TestAPlaceInAZoneThatIsUnknownHereHasAnErrorOfItsOwn(t *testing.T) {
	t.Parallel()
	places := []weather.Place{berlin, delhi}
	answer := recorded(t, some, places...)
	places[1].TimeZone = "Moon/Tranquility"
	results, err := answering(t, 200, string(answer)).Fetch(t.Context(), places, some)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, results[0].Report, berlin, some)
	failed(t, results[1].Err, fault.UpstreamInvalid)
}
