package climate_test

import (
	"math"
	"testing"
	"time"

	"barograph/weather/simulator/climate"

	"pgregory.net/rapid"
)

func TestSunRisesAndSetsWhenTheAlmanacSays(t *testing.T) {
	t.Parallel()
	for _, day := range []struct {
		place               string
		latitude, longitude float64
		date                string
		rise, set           string // UTC
	}{
		{"London", 51.507, -0.128, "2026-06-21", "2026-06-21T03:43", "2026-06-21T20:21"},
		{"London", 51.507, -0.128, "2026-12-21", "2026-12-21T08:04", "2026-12-21T15:53"},
		{"New York", 40.713, -74.006, "2026-12-21", "2026-12-21T12:17", "2026-12-21T21:32"},
		{"Sydney", -33.868, 151.207, "2026-12-21", "2026-12-20T18:41", "2026-12-21T09:05"},
		{"Quito", -0.180, -78.468, "2026-03-20", "2026-03-20T11:18", "2026-03-20T23:25"},
	} {
		sun := climate.Earth().Place(day.latitude, day.longitude, 0).Sun(clock(t, day.date+"T00:00") / 86400)
		if sun.Course != climate.RisesAndSets {
			t.Errorf("%s on %s: course %v", day.place, day.date, sun.Course)
		}
		for what, pair := range map[string][2]int64{"rises": {sun.Rise, clock(t, day.rise)}, "sets": {sun.Set, clock(t, day.set)}} {
			if off := pair[0] - pair[1]; off < -180 || off > 180 {
				t.Errorf("%s on %s: the sun %s at %s, %d s off", day.place, day.date, what, time.Unix(pair[0], 0).UTC(), off)
			}
		}
	}
}

func TestSunStaysUpOrDownBeyondThePolarCircle(t *testing.T) {
	t.Parallel()
	for _, day := range []struct {
		latitude float64
		date     string
		want     climate.SunCourse
	}{
		{69.65, "2026-06-21", climate.PolarDay},
		{69.65, "2026-12-21", climate.PolarNight},
		{-77.85, "2026-12-21", climate.PolarDay},
		{-77.85, "2026-06-21", climate.PolarNight},
		{90, "2026-06-21", climate.PolarDay},
		{-90, "2026-06-21", climate.PolarNight},
		{69.65, "2026-03-20", climate.RisesAndSets},
	} {
		midnight := clock(t, day.date+"T00:00")
		p := climate.Earth().Place(day.latitude, 18.96, 0)
		if got := p.Sun(midnight / 86400).Course; got != day.want {
			t.Errorf("latitude %v on %s: course %v, want %v", day.latitude, day.date, got, day.want)
		}
		for hour := range int64(24) {
			if got := p.Daylight(midnight + hour*3600); day.want != climate.RisesAndSets && got != (day.want == climate.PolarDay) {
				t.Errorf("latitude %v on %s at %d h: daylight %v", day.latitude, day.date, hour, got)
			}
		}
	}
}

func TestDaylightLastsFromSunriseToSunset(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		d.unix += rapid.Int64Range(0, 899).Draw(t, "second")
		p := d.place()
		local := d.unix + int64(math.Floor(d.longitude*240))
		today := int64(math.Floor(float64(local) / 86400))
		want := p.Sun(today).Course == climate.PolarDay
		for date := today - 1; date <= today+1; date++ {
			sun := p.Sun(date)
			want = want || sun.Course == climate.RisesAndSets && sun.Rise <= d.unix && d.unix < sun.Set
		}
		if got := p.Daylight(d.unix); got != want {
			t.Fatalf("daylight %v at %d, but the sun's course is %+v", got, d.unix, p.Sun(today))
		}
		if sun := p.Sun(today); sun.Course == climate.RisesAndSets && (sun.Rise >= sun.Set || sun.Set-sun.Rise > 86400) {
			t.Fatalf("the sun's course is %+v", sun)
		}
	})
}

func clock(t *testing.T, text string) int64 {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}
