package sample

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// OpenMeteoAir serves Open-Meteo's air quality API
// (https://open-meteo.com/en/docs/air-quality-api) for what is asked of it in
// Unix times. South of the equator it has no US index.
func OpenMeteoAir(now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.URL.Path != "/v1/air-quality" {
			http.NotFound(w, r)
			return
		}
		latitudes, longitudes := strings.Split(r.Form.Get("latitude"), ","), strings.Split(r.Form.Get("longitude"), ",")
		list := make([]object, len(latitudes))
		for i := range latitudes {
			latitude, err1 := strconv.ParseFloat(latitudes[i], 64)
			longitude, err2 := strconv.ParseFloat(longitudes[min(i, len(longitudes)-1)], 64)
			if err1 != nil || err2 != nil || latitude < -90 || latitude > 90 {
				w.WriteHeader(http.StatusBadRequest)
				write(w, object{"error": true, "reason": "Latitude must be in range of -90 to 90°."})
				return
			}
			current := object{
				"time": now().Unix() / 3600 * 3600, "interval": 3600, "european_aqi": 31, "us_aqi": 48, "pm2_5": 8.4, "pm10": 13.1, "ozone": 77.0, "nitrogen_dioxide": 9.7,
			}
			if latitude < 0 {
				current["us_aqi"] = nil
			}
			list[i] = object{"latitude": latitude, "longitude": longitude, "generationtime_ms": 0.2, "utc_offset_seconds": 0, "timezone": "GMT", "current": current}
			if i > 0 {
				list[i]["location_id"] = i
			}
		}
		if len(list) == 1 {
			write(w, list[0])
			return
		}
		write(w, list)
	})
}
