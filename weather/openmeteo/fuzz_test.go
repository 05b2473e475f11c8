package openmeteo_test

import (
	"testing"

	"barograph/internal/fault"
	"barograph/weather"
)

// Whatever a server answers, each place has a complete report or an error that
// says the answer was invalid.
func FuzzAnyAnswerGivesEachPlaceAReportOrAnError(f *testing.F) {
	need := weather.Need{Current: true, Hours: 2, Days: 2}
	one, several := recorded(f, need, berlin), recorded(f, need, berlin, delhi)
	for _, seed := range [][]byte{
		one, several, one[:len(one)/2], several[1 : len(several)-1],
		nil, []byte("{}"), []byte("[]"), []byte("[{},{}]"), []byte("[null,1]"),
		[]byte(`{"latitude":52.5,"longitude":13.4,"current":{"time":1781524800,"interval":9223372036854775807}}`),
		[]byte(set(f, string(one), "daily.sunset", "[9223372036854775807,-9223372036854775808]")),
		[]byte(set(f, string(one), "hourly.time", "[null,1781528400]")),
		[]byte(set(f, string(one), "utc_offset_seconds", "-9223372036854775808")),
		[]byte(set(f, string(one), "current.weather_code", "1e308")),
	} {
		f.Add(seed)
	}
	told := &answerer{}
	c := connect(f, told, noon)
	f.Fuzz(func(t *testing.T, body []byte) {
		told.tell(body)
		for _, places := range [][]weather.Place{{berlin}, {berlin, delhi}} {
			results, err := c.Fetch(t.Context(), places, need)
			if err != nil {
				failed(t, err, fault.UpstreamInvalid)
				continue
			}
			if len(results) != len(places) {
				t.Fatalf("%d results for %d places", len(results), len(places))
			}
			for i, r := range results {
				if r.Err != nil {
					if failed(t, r.Err, fault.UpstreamInvalid); r.Report != nil {
						t.Fatalf("%v and %+v", r.Err, r.Report)
					}
					continue
				}
				complete(t, r.Report, places[i], need)
			}
		}
	})
}
