package simulator_test

import (
	"reflect"
	"testing"
	"time"

	"barograph/weather/simulator"
)

func TestTimesAreLocalOrUnix(t *testing.T) {
	t.Parallel()
	const asked = "latitude=52.52&longitude=13.41&timezone=Europe/Berlin&current=is_day&hourly=is_day&daily=sunrise,sunset&forecast_days=2&past_days=1"
	f := one(t, get(t, at(noon), asked))
	if f.UTCOffset != 7200 || f.Timezone != "Europe/Berlin" || f.Abbreviation != "GMT+2" {
		t.Errorf("zone %d %s %s", f.UTCOffset, f.Timezone, f.Abbreviation)
	}
	if f.Current["time"] != "2026-06-15T14:15" || f.Current["interval"] != 900.0 || f.CurrentUnits["interval"] != "seconds" {
		t.Errorf("current %v %v", f.Current, f.CurrentUnits)
	}
	if hours := f.Hourly["time"]; len(hours) != 72 || hours[0] != "2026-06-14T00:00" || hours[71] != "2026-06-16T23:00" {
		t.Errorf("hours %v", hours)
	}
	if days := f.Daily["time"]; !reflect.DeepEqual(days, []any{"2026-06-14", "2026-06-15", "2026-06-16"}) {
		t.Errorf("days %v", days)
	}
	if rise := f.Daily["sunrise"][1]; rise != "2026-06-15T04:42" || f.DailyUnits["sunrise"] != "iso8601" {
		t.Errorf("sunrise %v %v", rise, f.DailyUnits["sunrise"])
	}

	u := one(t, get(t, at(noon), asked+"&timeformat=unixtime"))
	midnight := float64(time.Date(2026, time.June, 13, 22, 0, 0, 0, time.UTC).Unix())
	if u.Hourly["time"][0] != midnight || u.Daily["time"][0] != midnight || u.Daily["time"][1] != midnight+86400 {
		t.Errorf("hours from %v, days from %v, want %v", u.Hourly["time"][0], u.Daily["time"][0], midnight)
	}
	if u.Current["time"] != float64(noon.Unix()-5*60) || u.DailyUnits["sunset"] != "unixtime" || u.HourlyUnits["time"] != "unixtime" {
		t.Errorf("current %v, units %v", u.Current, u.DailyUnits)
	}
	for i, iso := range f.Daily["sunset"] {
		local := time.Unix(int64(u.Daily["sunset"][i].(float64))+7200, 0).UTC().Format("2006-01-02T15:04")
		if local != iso {
			t.Errorf("sunset %v in one format, %v in the other", iso, local)
		}
	}
}

func TestHoursAndDaysAsMany(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]struct {
		hours, days int
		from        string
	}{
		"":                                  {168, 7, "2026-06-15T00:00"},
		"forecast_days=0":                   {0, 0, ""},
		"forecast_days=16":                  {384, 16, "2026-06-15T00:00"},
		"past_days=2":                       {216, 9, "2026-06-13T00:00"},
		"past_days=92&forecast_days=1":      {2232, 93, "2026-03-15T00:00"},
		"forecast_hours=3":                  {3, 7, "2026-06-15T12:00"},
		"forecast_hours=3&past_hours=2":     {5, 7, "2026-06-15T10:00"},
		"forecast_hours=0":                  {0, 7, ""},
		"past_hours=1":                      {385, 7, "2026-06-15T11:00"},
		"forecast_hours=30&forecast_days=1": {30, 1, "2026-06-15T12:00"},
	} {
		f := one(t, get(t, at(noon), "latitude=10&longitude=10&hourly=rain&daily=rain_sum&"+query))
		if len(f.Hourly["rain"]) != want.hours || len(f.Hourly["time"]) != want.hours || len(f.Daily["time"]) != want.days || len(f.Daily["rain_sum"]) != want.days {
			t.Errorf("%q: %d hours, %d days; want %d, %d", query, len(f.Hourly["rain"]), len(f.Daily["rain_sum"]), want.hours, want.days)
		}
		if want.hours > 0 && f.Hourly["time"][0] != want.from {
			t.Errorf("%q: from %v, want %s", query, f.Hourly["time"][0], want.from)
		}
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	h := simulator.New(func() time.Time { return noon }, simulator.Zones(func(latitude, _ float64) string {
		switch {
		case latitude > 60:
			return "Europe/Helsinki"
		case latitude > 50:
			return "No/Where"
		}
		return ""
	}))
	for query, want := range map[string]struct {
		name, abbreviation string
		offset             int64
	}{
		"latitude=0&longitude=0":                                 {"GMT", "GMT", 0},
		"latitude=0&longitude=0&timezone=GMT":                    {"GMT", "GMT", 0},
		"latitude=0&longitude=0&timezone=UTC":                    {"GMT", "GMT", 0},
		"latitude=0&longitude=0&timezone=Asia/Kolkata":           {"Asia/Kolkata", "GMT+5:30", 19800},
		"latitude=0&longitude=0&timezone=America/St_Johns":       {"America/St_Johns", "GMT-2:30", -9000},
		"latitude=0&longitude=0&timezone=Etc/GMT%2B5":            {"Etc/GMT+5", "GMT-5", -18000},
		"latitude=61&longitude=25&timezone=auto":                 {"Europe/Helsinki", "GMT+3", 10800},
		"latitude=51&longitude=14&timezone=auto":                 {"Etc/GMT-1", "GMT+1", 3600},
		"latitude=0&longitude=-70&timezone=auto":                 {"Etc/GMT+5", "GMT-5", -18000},
		"latitude=0&longitude=180&timezone=auto":                 {"Etc/GMT-12", "GMT+12", 43200},
		"latitude=0&longitude=2&timezone=auto":                   {"Etc/GMT", "GMT", 0},
		"latitude=0&longitude=0&timezone=Africa%2FJohannesburg":  {"Africa/Johannesburg", "GMT+2", 7200},
		"latitude=0&longitude=0&timezone=America/New_York&x=ign": {"America/New_York", "GMT-4", -14400},
	} {
		f := one(t, get(t, h, query))
		if f.Timezone != want.name || f.Abbreviation != want.abbreviation || f.UTCOffset != want.offset {
			t.Errorf("%s: %s %s %d, want %+v", query, f.Timezone, f.Abbreviation, f.UTCOffset, want)
		}
	}
	list := several(t, get(t, h, "latitude=61,0&longitude=25,0&timezone=auto,Asia/Tokyo"))
	if list[0].Timezone != "Europe/Helsinki" || list[1].Timezone != "Asia/Tokyo" {
		t.Errorf("zones %s and %s", list[0].Timezone, list[1].Timezone)
	}
}

// The service tells the day by an offset of whole hours. This is how it answers in
// the half hour between the two midnights.
func TestTheDayChangesByWholeHoursOfTheOffset(t *testing.T) {
	t.Parallel()
	for clock, want := range map[string]string{"2026-06-15T18:29:00Z": "2026-06-15", "2026-06-15T18:45:00Z": "2026-06-15", "2026-06-15T19:00:00Z": "2026-06-16"} {
		now, err := time.Parse(time.RFC3339, clock)
		if err != nil {
			t.Fatal(err)
		}
		f := one(t, get(t, at(now), "latitude=19&longitude=72.9&timezone=Asia/Kolkata&daily=rain_sum&hourly=rain"))
		if f.Daily["time"][0] != want || f.Hourly["time"][0] != want+"T00:00" {
			t.Errorf("at %s the first day is %v from %v, want %s", clock, f.Daily["time"][0], f.Hourly["time"][0], want)
		}
	}
}
