package crash_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"barograph/internal/crash"
)

// receive starts what an HTTP step calls, for the records of a pipeline. It takes
// note of each call before it answers, and then does not always answer well.
func receive(t *testing.T, pipeline string, h *crash.History) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var payload struct{ ID, Text string }
		if err := json.NewDecoder(r.Body).Decode(&payload); err != nil || r.Header.Get("Idempotency-Key") == "" {
			http.Error(w, "half a call", http.StatusBadRequest) // whoever made it was killed
			return
		}
		h.Called(crash.Call{Key: crash.Key{Pipeline: pipeline, ID: payload.ID}, Idempotency: r.Header.Get("Idempotency-Key"), Content: payload.Text})
		switch chance := rand.Float64(); {
		case chance < 0.03:
			w.WriteHeader(http.StatusServiceUnavailable)
		case chance < 0.05:
			w.WriteHeader(http.StatusInternalServerError)
		case chance < 0.06:
			select {
			case <-time.After(300 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
