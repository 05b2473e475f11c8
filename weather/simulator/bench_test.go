package simulator_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

const asBarographAsks = "temperature_2m,relative_humidity_2m,apparent_temperature,is_day,precipitation,weather_code,cloud_cover,pressure_msl,wind_speed_10m,wind_direction_10m,wind_gusts_10m"

func BenchmarkCurrentOf100Places(b *testing.B)  { ask(b, 100, "current="+asBarographAsks) }
func BenchmarkCurrentOf1000Places(b *testing.B) { ask(b, 1000, "current="+asBarographAsks) }

func BenchmarkEveryHourOfAWeekOf100Places(b *testing.B) {
	ask(b, 100, "hourly="+allHourly+"&forecast_days=7")
}

func BenchmarkEverythingOf100Places(b *testing.B) {
	ask(b, 100, "current="+asBarographAsks+"&hourly="+allHourly+"&daily="+allDaily+"&timezone=Europe/Berlin")
}

func ask(b *testing.B, places int, rest string) {
	b.Helper()
	h, query := at(noon), batch(places, rest).Encode()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "/v1/forecast", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
		b.SetBytes(int64(w.Body.Len()))
	}
}
