package simulator_test

import (
	"testing"
	"time"

	"barograph/weather/simulator"
)

func TestHeightsStandInForElevationsThatAreNotGiven(t *testing.T) {
	t.Parallel()
	h := simulator.New(func() time.Time { return noon }, simulator.Heights(func(latitude, _ float64) (float64, bool) {
		return 2850, latitude < 0
	}))
	temperature := func(query string) float64 {
		t.Helper()
		return one(t, get(t, h, "longitude=-78.5&current=temperature_2m&"+query)).Current["temperature_2m"].(float64)
	}
	known, said := temperature("latitude=-0.2"), temperature("latitude=-0.2&elevation=2850")
	if known != said {
		t.Errorf("with the height known, %v °C; with the same height given, %v", known, said)
	}
	if low := temperature("latitude=-0.2&elevation=0"); low-known < 10 {
		t.Errorf("at 0 m, %v °C; at 2850 m, %v", low, known)
	}
	if unknown, surface := temperature("latitude=0.2"), temperature("latitude=0.2&elevation=nan"); unknown != surface {
		t.Errorf("with the height unknown, %v °C; on the climate's surface, %v", unknown, surface)
	}
}
