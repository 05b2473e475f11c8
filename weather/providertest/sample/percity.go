package sample

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// PerCityMapping maps what PerCity serves.
const PerCityMapping = `
time: {at: /dt, unit: unix}
temperature: {at: /main/temp, unit: K}
humidity: /main/humidity
pressure: /main/pressure
wind-speed: {at: /wind/speed, unit: m/s}
wind-direction: /wind/deg
code: {at: /weather/0/id, codes: {"500": 61, "800": 0}}
`

// PerCity serves current conditions at /weather/{latitude},{longitude}, in the
// shape that many services give them. It does not know what is not on Earth.
func PerCity(now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		where, ok := strings.CutPrefix(r.URL.Path, "/weather/")
		north, east, _ := strings.Cut(where, ",")
		latitude, err1 := strconv.ParseFloat(north, 64)
		longitude, err2 := strconv.ParseFloat(east, 64)
		if !ok || err1 != nil || err2 != nil || math.Abs(latitude) > 90 || math.Abs(longitude) > 180 {
			http.NotFound(w, r)
			return
		}
		write(w, object{
			"coord": object{"lat": latitude, "lon": longitude}, "weather": []object{{"id": 500 + 300*(int(latitude)&1), "main": "Rain"}},
			"main": object{"temp": 273.15 + latitude/4, "pressure": 1012, "humidity": 81}, "wind": object{"speed": 4.5, "deg": 200},
			"dt": now().Unix() / 600 * 600, "cod": 200,
		})
	})
}
