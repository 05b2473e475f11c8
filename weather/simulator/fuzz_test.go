package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever is asked, the answer is JSON, and never says that the service failed.
func FuzzAnyQueryIsAnsweredOrRefused(f *testing.F) {
	f.Add("latitude=52.52,1&longitude=13.41,2&elevation=nan,38&timezone=auto,GMT&current="+allHourly+"&daily="+allDaily, "")
	f.Add("latitude=1|2&longitude=1&forecast_days=3&past_days=1&hourly=rain&timeformat=unixtime", `{"latitude":[1,"2,3"],"longitude":["4"],"hourly":["rain"]}`)
	f.Add("latitude=%&=&&&longitude", `{"latitude":{},"timezone":[null]}`)
	f.Add("latitude=0x1p3&longitude=1_0&forecast_hours=-0&timezone=Etc/GMT+1", `{"elevation":1}`)
	h := at(noon)
	f.Fuzz(func(t *testing.T, query, body string) {
		get := httptest.NewRequest(http.MethodGet, "/v1/forecast", nil)
		get.URL = &url.URL{Path: "/v1/forecast", RawQuery: query}
		form := httptest.NewRequest(http.MethodPost, "/v1/forecast", strings.NewReader(query))
		form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		object := httptest.NewRequest(http.MethodPost, "/v1/forecast", strings.NewReader(body))
		object.Header.Set("Content-Type", "application/json")
		for _, r := range []*http.Request{get, form, object} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code >= http.StatusInternalServerError {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("status %d and no JSON: %s", w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "null") && w.Code == http.StatusOK {
				t.Fatalf("a value is missing: %s", w.Body)
			}
		}
	})
}
