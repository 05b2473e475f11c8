package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"barograph/internal/gatewaytest"
)

func TestMain(m *testing.M) { gatewaytest.Main(m) }

// spoiling returns the URL of a server that passes everything on to a gateway,
// and lets spoil change the data in the answers to one operation.
func spoiling(t *testing.T, url string, of operation, spoil func(data map[string]any)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		var request struct{ OperationName string }
		if err := json.Unmarshal(body, &request); err != nil {
			t.Error(err)
			return
		}
		onward, err := http.NewRequestWithContext(r.Context(), r.Method, url, strings.NewReader(string(body)))
		if err != nil {
			t.Error(err)
			return
		}
		onward.Header = r.Header.Clone()
		onward.Header.Del("Accept-Encoding") // an answer is read here
		response, err := http.DefaultClient.Do(onward)
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close() //nolint:errcheck // read to its end
		w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
		w.WriteHeader(response.StatusCode)
		if request.OperationName != of.name {
			_, _ = io.Copy(w, response.Body) // the client may be gone
			return
		}
		var answer map[string]any
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Error(err)
			return
		}
		data, _ := answer["data"].(map[string]any)
		spoil(data)
		_ = json.NewEncoder(w).Encode(answer) // the client may be gone
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// part returns what is at a path in an answer's data; a number picks an item.
func part(data any, path ...any) map[string]any {
	for _, step := range path {
		switch at := step.(type) {
		case string:
			data = data.(map[string]any)[at]
		case int:
			data = data.([]any)[at]
		}
	}
	return data.(map[string]any)
}

func TestAskTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reason, mediaType, body string
		status                  int
		want                    string
	}{
		{"no gateway", "text/html", "<h1>Hello</h1>", http.StatusNotFound, "404 Not Found: <h1>Hello</h1>"},
		{"no JSON", "application/json", "{", http.StatusOK, "unexpected end"},
		{
			"errors", "application/json", `{"errors":[{"message":"no","path":["a",1,"b"],"extensions":{"code":"BUSY"}},{"message":"no"}]}`,
			http.StatusOK, "BUSY: no at a.1.b (and 1 more errors)",
		},
		{"a status of its own", "application/json", `{"data":null}`, http.StatusServiceUnavailable, "503"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.mediaType)
			w.WriteHeader(test.status)
			_, _ = w.Write([]byte(test.body))
		}))
		g := newGateway(server.URL, 1)
		err := g.ask(t.Context(), citiesQuery, nil, &struct{}{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", test.reason, err, test.want)
		}
		g.close()
		server.Close()
	}
}
