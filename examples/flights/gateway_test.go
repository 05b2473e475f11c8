package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fake is a gateway that knows four cities and keeps payloads in memory. What
// it answers a record with can be spoiled.
type fake struct {
	url   string
	spoil func(record map[string]any)

	mu      sync.Mutex // guards what follows
	order   []string
	records map[string]map[string]any
}

var fakeCities = map[string]map[string]any{
	"Los Angeles, CA, US": {"id": "City:1", "name": "Los Angeles", "admin1": "California", "country": "US", "latitude": 34.05, "longitude": -118.24},
	"Honolulu, HI, US":    {"id": "City:2", "name": "Honolulu", "admin1": "Hawaii", "country": "US", "latitude": 21.31, "longitude": -157.86},
	"Dallas, TX, US":      {"id": "City:3", "name": "Dallas", "admin1": "Texas", "country": "US", "latitude": 32.78, "longitude": -96.81},
	"Fairbanks, AK, US":   {"id": "City:4", "name": "Fairbanks", "admin1": "Alaska", "country": "US", "latitude": 64.84, "longitude": -147.72},
}

// newFake starts a fake, which ends with the test.
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{spoil: func(map[string]any) {}, records: map[string]map[string]any{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// pageLength is short, so that a walk takes several pages.
const pageLength = 2

// ServeHTTP answers the operations of this program.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request struct {
		OperationName string
		Variables     struct {
			Names   []string
			Payload map[string]any
			After   *string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var answer map[string]any
	switch request.OperationName {
	case citiesQuery.name:
		answer = f.cities(request.Variables.Names)
	case processPayload.name:
		answer = map[string]any{"data": map[string]any{"processPayload": f.process(request.Variables.Payload)}}
	case recordsQuery.name:
		answer = map[string]any{"data": map[string]any{"records": f.page(request.Variables.After)}}
	}
	w.Header().Set("Content-Type", "application/graphql-response+json")
	_ = json.NewEncoder(w).Encode(answer) // the client may be gone
}

func (f *fake) cities(names []string) map[string]any {
	var cities, errs []any
	for i, name := range names {
		if city, ok := fakeCities[name]; ok {
			cities = append(cities, city)
			continue
		}
		cities = append(cities, nil)
		errs = append(errs, map[string]any{
			"message": "no city", "path": []any{"cities", i}, "extensions": map[string]any{"code": "NOT_FOUND"},
		})
	}
	return map[string]any{"data": map[string]any{"cities": cities}, "errors": errs}
}

func (f *fake) process(payload map[string]any) map[string]any {
	id := fmt.Sprint(payload["id"])
	_, duplicate := f.records[id]
	if !duplicate {
		f.order = append(f.order, id)
		f.records[id] = newRecord(payload)
	}
	return map[string]any{
		"duplicate": duplicate, "problems": []any{},
		"record": map[string]any{"payloadId": id, "state": "PROCESSED"},
	}
}

func newRecord(payload map[string]any) map[string]any {
	result := map[string]any{"status": "processed", "timestamp": time.Unix(0, 0).UTC().Format(time.RFC3339Nano)}
	for name, value := range payload {
		result[name] = value
	}
	city := map[string]any{"weather": map[string]any{
		"freshness": map[string]any{"state": "LIVE", "simulated": true, "attribution": "A fake"},
		"current":   map[string]any{"temperature": float64(len(fmt.Sprint(payload["city"]))), "condition": "CLEAR"},
	}}
	for name, value := range fakeCities[fmt.Sprint(payload["city"])] {
		city[name] = value
	}
	return map[string]any{
		"payloadId": payload["id"], "state": "PROCESSED", "payload": payload, "result": result, "city": city,
	}
}

func (f *fake) page(after *string) map[string]any {
	start := 0
	for i, id := range f.order {
		if after != nil && *after == id {
			start = i + 1
		}
	}
	end := min(start+pageLength, len(f.order))
	var nodes []any
	for _, id := range f.order[start:end] {
		f.spoil(f.records[id])
		nodes = append(nodes, f.records[id])
	}
	return map[string]any{"nodes": nodes, "pageInfo": map[string]any{
		"hasNextPage": end < len(f.order), "endCursor": f.order[end-1],
	}}
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
