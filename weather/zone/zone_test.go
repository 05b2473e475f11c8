package zone_test

import (
	"testing"
	"time"

	"barograph/weather/zone"
)

func TestADayBeginsAtItsFirstMoment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		day  time.Time
		want string
	}{
		{"Europe/Berlin", time.Date(2026, time.June, 15, 0, 0, 0, 0, time.UTC), "2026-06-15T00:00:00+02:00"},
		{"Africa/Cairo", time.Date(2026, time.April, 24, 0, 0, 0, 0, time.UTC), "2026-04-24T01:00:00+03:00"},        // clocks go forward at midnight
		{"America/Santiago", time.Date(2026, time.September, 6, 0, 0, 0, 0, time.UTC), "2026-09-06T01:00:00-03:00"}, // and there
	} {
		for range 2 { // the second time, the zone is kept
			z, err := zone.Load(test.name)
			if err != nil {
				t.Fatal(err)
			}
			y, m, d := test.day.Date()
			if got := zone.Day(y, m, d, z).Format(time.RFC3339); got != test.want {
				t.Errorf("%s: %s begins %s, want %s", test.name, test.day.Format(time.DateOnly), got, test.want)
			}
		}
	}
}

func TestAZoneThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Moon/Tranquility", "../etc/passwd", "Europe/Berlin\x00"} {
		if z, err := zone.Load(name); err == nil {
			t.Errorf("%q is %v", name, z)
		}
	}
}
