package transport_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"barograph/graph/transport"
)

func TestOriginsAreThisServersAndTheListed(t *testing.T) {
	t.Parallel()
	listed := transport.Origins{Listed: []string{"https://app.example"}}
	for _, c := range []struct {
		host, origin string
		want         bool
	}{
		{"gateway.example", "", true},
		{"gateway.example", "https://gateway.example", true},
		{"gateway.example", "http://gateway.example", true},
		{"gateway.example:443", "https://gateway.example", true},
		{"GATEWAY.example:80", "http://gateway.EXAMPLE", true},
		{"localhost:8080", "http://localhost:8080", true},
		{"[::1]:8080", "http://[::1]:8080", true},
		{"gateway.example", "https://app.example", true},
		{"gateway.example", "https://APP.example", true},
		{"localhost:8080", "http://localhost:3000", false},
		{"localhost:8080", "http://localhost", false},
		{"gateway.example:80", "https://gateway.example", false},
		{"gateway.example", "http://app.example", false},
		{"gateway.example", "https://app.example.evil.example", false},
		{"gateway.example", "https://evil.example", false},
		{"gateway.example", "null", false},
		{"gateway.example", "gateway.example", false},
		{"", "null", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if got := listed.Allowed(r); got != c.want {
			t.Errorf("from %q to %q: %t, want %t", c.origin, c.host, got, c.want)
		}
		if !(transport.Origins{Listed: []string{"*"}}).Allowed(r) {
			t.Errorf("from %q to %q: not allowed, where all are", c.origin, c.host)
		}
	}
}

func TestPagesOfOtherOriginsOnlyReadWhatBrowsersShowThem(t *testing.T) {
	t.Parallel()
	const query = `{"query":"{ name }"}`
	from := header{"Origin": "https://evil.example"}
	if res := send(t, http.MethodPost, "/", query, from); res.status != http.StatusForbidden || res.code() != "FORBIDDEN" {
		t.Errorf("POST: %d %s, want 403 FORBIDDEN", res.status, res.text)
	}
	res := send(t, http.MethodGet, "/?query=%7Bname%7D", "", from)
	if res.status != http.StatusOK || res.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("GET: %d, Access-Control-Allow-Origin: %q", res.status, res.header.Get("Access-Control-Allow-Origin"))
	}
	listed := transport.HTTP{BodyLimit: bodyLimit, Origins: transport.Origins{Listed: []string{"https://evil.example"}}}
	if res := sendTo(t, listed, http.MethodPost, "/", query, from); res.status != http.StatusOK {
		t.Errorf("POST from a listed origin: %d %s", res.status, res.text)
	}
}

func TestWherePreflightsAreRequiredNothingIsAnsweredThatABrowserSendsUnasked(t *testing.T) {
	t.Parallel()
	careful := transport.HTTP{BodyLimit: bodyLimit, RequirePreflight: true}
	const get, body = "/?query=%7Bname%7D", `{"query":"{ name }"}`
	for name, c := range map[string]struct {
		got    response
		status int
	}{
		"a bare GET":                  {sendTo(t, careful, http.MethodGet, get, "", header{"Content-Type": ""}), 400},
		"a GET of a form's type":      {sendTo(t, careful, http.MethodGet, get, "", header{"Content-Type": "text/plain"}), 400},
		"a GET of a type that is two": {sendTo(t, careful, http.MethodGet, get, "", header{"Content-Type": "text/plain, application/json"}), 400},
		"an empty header":             {sendTo(t, careful, http.MethodGet, get, "", header{"Content-Type": "text/plain", "Apollo-Require-Preflight": ""}), 400},
		"the header":                  {sendTo(t, careful, http.MethodGet, get, "", header{"Content-Type": "", "Apollo-Require-Preflight": "true"}), 200},
		"the operation's name":        {sendTo(t, careful, http.MethodGet, get, "", header{"Content-Type": "", "X-Apollo-Operation-Name": "Q"}), 200},
		"a GET of JSON":               {sendTo(t, careful, http.MethodGet, get, "", nil), 200},
		"a POST of JSON":              {sendTo(t, careful, http.MethodPost, "/", body, nil), 200},
		"a POST of text":              {sendTo(t, careful, http.MethodPost, "/", body, header{"Content-Type": "text/plain"}), 400},
		"elsewhere, a bare GET":       {send(t, http.MethodGet, get, "", header{"Content-Type": ""}), 200},
	} {
		if c.got.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, c.got.status, c.got.text, c.status)
		}
	}
}
