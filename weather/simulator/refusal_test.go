package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	unknownHourly = "Data corrupted at path ''. Cannot initialize SurfacePressureAndHeightVariable<VariableAndPreviousDay, VariableOrSpread<ForecastPressureVariable>, ForecastHeightVariable> from invalid String value "
	unknownDaily  = "Data corrupted at path ''. Cannot initialize ForecastVariableDaily from invalid String value "
	countOff      = "Parameter 'latitude' and 'longitude' must have the same number of elements"
)

func TestRefusalsAreInTheServicesWords(t *testing.T) {
	t.Parallel()
	h := at(noon)
	for query, want := range map[string]string{
		"":                                                "Parameter 'latitude' and 'longitude' must not be empty",
		"latitude=&longitude=":                            "Parameter 'latitude' and 'longitude' must not be empty",
		"latitude=1":                                      countOff,
		"latitude=1,2&longitude=1":                        countOff,
		"latitude=1&longitude=1&location_id=1,2":          countOff,
		"latitude=91&longitude=1":                         "Latitude must be in range of -90 to 90°. Given: 91.0.",
		"latitude=1,-90.5&longitude=1,1":                  "Latitude must be in range of -90 to 90°. Given: -90.5.",
		"latitude=nan&longitude=1":                        "Latitude must be in range of -90 to 90°. Given: nan.",
		"latitude=1e99&longitude=1":                       "Latitude must be in range of -90 to 90°. Given: inf.",
		"latitude=1&longitude=181":                        "Longitude must be in range of -180 to 180°. Given: 181.0.",
		"latitude=1,2,3&longitude=1,2,-1e9":               "Longitude must be in range of -180 to 180°. Given: -1e+09.",
		"latitude=x&longitude=1":                          "Data corrupted at path ''. Cannot initialize Float from invalid String value x.",
		"latitude=1&longitude=1&elevation=1,2":            "Parameter 'elevation' must have the same number of elements as coordinates",
		"latitude=1&longitude=1&elevation=up":             "Data corrupted at path ''. Cannot initialize Float from invalid String value up.",
		"latitude=1,2&longitude=1,2&timezone=GMT,GMT,GMT": "Parameter 'timezone' and coordinates must have the same number of elements",
		"latitude=1&longitude=1&timezone=GMT,GMT":         "Parameter 'timezone' and coordinates must have the same number of elements",
		"latitude=1&longitude=1&timezone=Mars/Crater":     "Invalid timezone",
		"latitude=1&longitude=1&timezone=Local":           "Invalid timezone",
		"latitude=1&longitude=1&timezone=../etc/passwd":   "Invalid timezone",
		"latitude=1&longitude=1&timezone=Europe//Berlin":  "Invalid timezone",
		"latitude=1&longitude=1&current=rain,nope":        unknownHourly + "nope.",
		"latitude=1&longitude=1&hourly=rain%2Cnope":       unknownHourly + "rain,nope.",
		"latitude=1&longitude=1&daily=temperature_2m":     unknownDaily + "temperature_2m.",
		"latitude=1&longitude=1&forecast_days=17":         "Forecast days is invalid. Allowed range 0 to 16. Given 16.",
		"latitude=1&longitude=1&forecast_days=-1":         "Forecast days is invalid. Allowed range 0 to 16. Given 16.",
		"latitude=1&longitude=1&past_days=93":             "Past days is invalid. Allowed range 0 to 92. Given 93.",
		"latitude=1&longitude=1&past_days=-1":             "Past days is invalid. Allowed range 0 to 92. Given -1.",
		"latitude=1&longitude=1&forecast_hours=385":       "Forecast days is invalid. Allowed range 0 to 384. Given 384.",
		"latitude=1&longitude=1&past_hours=2209":          "Past days is invalid. Allowed range 0 to 2208. Given 2209.",
		"latitude=1&longitude=1&forecast_days=two":        "Value at path 'forecast_days' was not of type 'Int'. Data found at 'forecast_days' was not Int.",
		"latitude=1&longitude=1&temperature_unit=kelvin":  "Data corrupted at path 'temperature_unit'. Cannot initialize TemperatureUnit from invalid String value kelvin.",
		"latitude=1&longitude=1&wind_speed_unit=bft":      "Data corrupted at path 'wind_speed_unit'. Cannot initialize WindspeedUnit from invalid String value bft.",
		"latitude=1&longitude=1&precipitation_unit=cup":   "Data corrupted at path 'precipitation_unit'. Cannot initialize PrecipitationUnit from invalid String value cup.",
		"latitude=1&longitude=1&timeformat=rfc3339":       "Data corrupted at path 'timeformat'. Cannot initialize Timeformat from invalid String value rfc3339.",
		"latitude=1&longitude=1&start_date=2026-01-01":    "Parameter 'start_date' is not simulated",
		"latitude=1&longitude=1&minutely_15=rain":         "Parameter 'minutely_15' is not simulated",
		"latitude=1&longitude=1&format=csv":               "Parameter 'format' is simulated for json only",
		"latitude=1&longitude=1&current_weather=true":     "Parameter 'current_weather' is simulated for false only",
		"latitude=1&longitude=1&models=icon_d2":           "Parameter 'models' is simulated for best_match only",
		"latitude=%zz&longitude=1":                        "The query is malformed.",
	} {
		refused(t, query, get(t, h, query), http.StatusBadRequest, want)
	}
	refused(t, "1001 locations", post(t, h, "application/x-www-form-urlencoded", batch(1001, "").Encode()),
		http.StatusBadRequest, "Only up to 1000 locations can be requested at once")
	refused(t, "too much data", post(t, h, "application/x-www-form-urlencoded", batch(1000, "past_days=92&hourly="+strings.Repeat("rain,", 20)).Encode()),
		http.StatusBadRequest, "Your API call requests too much data. Please reduce the number of variables, locations and/or weather models.")
}

func TestBodiesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	h := at(noon)
	const form = "application/x-www-form-urlencoded"
	refused(t, "no kind", post(t, h, "", "latitude=1&longitude=1"), http.StatusUnsupportedMediaType, "Unsupported Media Type")
	refused(t, "XML", post(t, h, "text/xml", "<latitude/>"), http.StatusUnsupportedMediaType, "Unsupported Media Type")
	refused(t, "huge", post(t, h, form, "latitude="+strings.Repeat("1,", 70_000)), http.StatusRequestEntityTooLarge, "Payload Too Large")
	refused(t, "the query of a POST does not count", post(t, h, form, ""), http.StatusBadRequest, "Parameter 'latitude' and 'longitude' must not be empty")
	for body, want := range map[string]string{
		`{"latitude":`:                       "Data corrupted at path ''. The given data was not valid JSON.",
		`[1]`:                                "Data corrupted at path ''. The given data was not valid JSON.",
		`null`:                               "Data corrupted at path ''. The given data was not valid JSON.",
		`{} {}`:                              "Data corrupted at path ''. The given data was not valid JSON.",
		`{"latitude":1,"longitude":1}`:       "Value at path 'latitude' was not of type 'Array<Any>'. Data found at 'latitude' was not Array<Any>.",
		`{"latitude":[[1]],"longitude":[1]}`: "Value at path 'latitude' was not of type 'Array<String>'. Data found at 'latitude' was not String.",
		`{"latitude":[1],"longitude":[1],"forecast_days":"3"}`:      "Value at path 'forecast_days' was not of type 'Int'. Data found at 'forecast_days' was not Int.",
		`{"latitude":[1],"longitude":[1],"forecast_days":1.5}`:      "Value at path 'forecast_days' was not of type 'Int'. Data found at 'forecast_days' was not Int.",
		`{"latitude":[1],"longitude":[1],"hourly":["rain,nope"]}`:   unknownHourly + "rain,nope.",
		`{"latitude":[1],"longitude":[1],"current_weather":true}`:   "Parameter 'current_weather' is simulated for false only",
		`{"latitude":[1],"longitude":[1e999],"current":["rain"]}`:   "Longitude must be in range of -180 to 180°. Given: inf.",
		`{"latitude":[1],"longitude":[1],"timezone":["Bad\u0000"]}`: "Invalid timezone",
	} {
		refused(t, body, post(t, h, "application/json", body), http.StatusBadRequest, want)
	}
}

func TestOtherPathsAndMethodsAreNotFound(t *testing.T) {
	t.Parallel()
	h := at(noon)
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/", nil),
		httptest.NewRequest(http.MethodGet, "/v1/archive?latitude=1&longitude=1", nil),
		httptest.NewRequest(http.MethodGet, "/v1/forecast/", nil),
		httptest.NewRequest(http.MethodPut, "/v1/forecast?latitude=1&longitude=1", nil),
		httptest.NewRequest(http.MethodDelete, "/v1/forecast", nil),
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		refused(t, r.Method+" "+r.URL.Path, w, http.StatusNotFound, "Not Found")
	}
}

func refused(t *testing.T, what string, w *httptest.ResponseRecorder, status int, reason string) {
	t.Helper()
	var got struct {
		Error  bool
		Reason string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Errorf("%s: %v in %s", what, err, w.Body)
		return
	}
	if w.Code != status || !got.Error || got.Reason != reason {
		t.Errorf("%s: %d %s\nwant %d %s", what, w.Code, got.Reason, status, reason)
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/json; charset=utf-8" {
		t.Errorf("%s: content type %q", what, kind)
	}
}
