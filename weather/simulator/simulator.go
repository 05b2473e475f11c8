// Package simulator is a weather provider that needs no network: it serves
// Open-Meteo's forecast API, in exactly its wire format, for the simulated climate
// of package climate. Barograph runs on it in development and in tests, where it
// takes the provider's place behind the same HTTP client; whoever reads it through
// that client says that the weather is simulated. The same place at the same hour
// always has the same weather, however it is asked for.
//
// It serves what Barograph asks for: /v1/forecast by GET and POST with current,
// hourly and daily variables. A parameter of the real service that would change the
// answer and is not simulated is refused, never ignored.
package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"barograph/weather/simulator/climate"
)

// maxBody is the size of the largest request body the service reads.
const maxBody = 128 << 10

// An Option changes how the simulator answers.
type Option func(*handler)

// Zones makes timezone=auto mean the IANA zone that lookup returns for a point;
// lookup must be safe for concurrent use. Without it, or where lookup returns
// nothing or an unknown zone, auto is the nautical zone of the longitude, such as
// Etc/GMT-1, as the service has it at sea.
func Zones(lookup func(latitude, longitude float64) string) Option {
	return func(h *handler) { h.zoneAt = lookup }
}

// Heights gives the simulator the elevations, in metres, that the service takes from
// a model of the terrain where a request does not say any; lookup must be safe for
// concurrent use. Without it, or where lookup knows none, the elevation is that of
// the climate's own surface, which has no valleys.
func Heights(lookup func(latitude, longitude float64) (metres float64, known bool)) Option {
	return func(h *handler) { h.heightAt = lookup }
}

// New returns a handler that serves Open-Meteo's forecast API for the simulated
// climate at the time now gives. It is safe for concurrent use if now is.
func New(now func() time.Time, options ...Option) http.Handler {
	h := &handler{
		now: now, earth: climate.Earth(),
		zoneAt:   func(float64, float64) string { return "" },
		heightAt: func(float64, float64) (float64, bool) { return 0, false },
	}
	for _, option := range options {
		option(h)
	}
	return h
}

type handler struct {
	now      func() time.Time
	earth    *climate.Climate
	zoneAt   func(latitude, longitude float64) string
	heightAt func(latitude, longitude float64) (float64, bool)
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/forecast" || r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		refuse(w, &refusal{status: http.StatusNotFound, reason: "Not Found"})
		return
	}
	given, err := parametersOf(w, r)
	if err != nil {
		refuse(w, err)
		return
	}
	request, err := h.parse(given, h.now())
	if err != nil {
		refuse(w, err)
		return
	}
	h.answer(r.Context(), w, request)
}

// A refusal is an answer other than 200, in the service's words.
type refusal struct {
	status int
	reason string
}

// Error returns the reason.
func (r *refusal) Error() string { return r.reason }

// badRequest returns the refusal of a malformed request.
func badRequest(format string, args ...any) error {
	return &refusal{status: http.StatusBadRequest, reason: fmt.Sprintf(format, args...)}
}

// refuse writes the answer to a request that cannot be served.
func refuse(w http.ResponseWriter, err error) {
	no := &refusal{status: http.StatusInternalServerError, reason: "Something went wrong."}
	errors.As(err, &no)
	body, err := json.Marshal(struct {
		Error  bool   `json:"error"`
		Reason string `json:"reason"`
	}{true, no.reason})
	if err != nil {
		panic(err) // a bool and a string always marshal
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(no.status)
	_, _ = w.Write(body) // nobody is left to tell
}
