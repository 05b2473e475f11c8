package percity_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"barograph/weather"
	"barograph/weather/percity"
)

func TestACityOnlyEverFillsItsPlace(t *testing.T) {
	t.Parallel()
	for city, want := range map[string]string{
		"Oslo":                   "/v1/Oslo/now?q=Oslo&key=k&at=59.91273,10.74609",
		"São Paulo":              "/v1/S%C3%A3o%20Paulo/now?q=S%C3%A3o%20Paulo&key=k&at=59.91273,10.74609",
		"../../admin":            "/v1/..%2F..%2Fadmin/now?q=..%2F..%2Fadmin&key=k&at=59.91273,10.74609",
		"a&key=mine#x":           "/v1/a%26key%3Dmine%23x/now?q=a%26key%3Dmine%23x&key=k&at=59.91273,10.74609",
		"@evil.example/":         "/v1/%40evil.example%2F/now?q=%40evil.example%2F&key=k&at=59.91273,10.74609",
		"x\r\nHost: evil":        "/v1/x%0D%0AHost%3A%20evil/now?q=x%0D%0AHost%3A%20evil&key=k&at=59.91273,10.74609",
		"{latitude}":             "/v1/%7Blatitude%7D/now?q=%7Blatitude%7D&key=k&at=59.91273,10.74609",
		"http://169.254.169.254": "/v1/http%3A%2F%2F169.254.169.254/now?q=http%3A%2F%2F169.254.169.254&key=k&at=59.91273,10.74609",
	} {
		var asked string
		c := connect(t, "/v1/{city}/now?q={city}&key=k&at={latitude},{longitude}", openWeather, city, func(w http.ResponseWriter, r *http.Request) {
			asked = r.RequestURI
			_, _ = io.WriteString(w, answer)
		})
		if _, err := c.Fetch(t.Context(), []weather.Place{oslo}, need); err != nil || asked != want {
			t.Errorf("%q: asked for\n%s, want\n%s; %v", city, asked, want, err)
		}
	}
}

func TestATemplateThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	name := func(weather.Place) string { return "Oslo" }
	for _, url := range []string{
		"", "host/{city}", "ftp://host/{city}", "https:///{city}", "https://{city}.host/", "https://{city}/", "https://host/", "https://host/{town}", "https://host/{latitude}",
		"https://host/{city}#there", "https://host:port/{city}", "https://user:swordfish@{city}/", "https://host/{city", "https://host/%zz{city}", "//host/{city}",
	} {
		if _, err := percity.New(percity.Config{URL: url, City: name, Now: time.Now}); err == nil || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := percity.New(percity.Config{URL: "https://host/{city}", Now: time.Now}); err == nil {
		t.Error("a template with cities is taken where nobody knows their names")
	}
	for _, url := range []string{"https://host/{city}", "http://127.0.0.1:80?q={city}", "https://host/v1?lat={latitude}&lon={longitude}", "https://[::1]/{city}/"} {
		if _, err := percity.New(percity.Config{URL: url, City: name, Now: time.Now}); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestAMappingThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "{}", "attribution: me", "temperature: main.temp", "temperature: {at: /t, unit: °R}", "temperature: {unit: K}", "temprature: /t", "temperature: {at: /t, units: K}",
		"{temperature: /t, life: long}", "{temperature: /t, life: 0s}", "{temperature: /t, life: 48h}", "code: {at: /c, codes: {rain: 100}}", "time: /t", "[1]", "\x00", "temperature: ~",
	} {
		if m, err := percity.ParseMapping([]byte(text)); err == nil {
			t.Errorf("%q is taken for %+v", text, m)
		}
	}
}

func FuzzAnyMappingIsReadOrRefused(f *testing.F) {
	f.Add(openWeather)
	f.Add(`{"temperature": "/t"}`)
	f.Fuzz(func(_ *testing.T, text string) { _, _ = percity.ParseMapping([]byte(text)) })
}
