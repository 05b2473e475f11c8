package openmeteo_test

import (
	"net/http"
	"strconv"
	"testing"

	"barograph/internal/fault"
	"barograph/weather"
)

// A truncated answer is one that ends early as well as one whose connection
// does: after however many bytes, none of it is shown as if it were whole.
func TestATruncatedAnswerIsNeverUsed(t *testing.T) {
	t.Parallel()
	for name, places := range map[string][]weather.Place{"an object": {berlin}, "a list": {berlin, lima}} {
		need := weather.Need{Current: true, Hours: 1, Days: 1}
		answer := recorded(t, need, places...)
		t.Run(name+" that ends early", func(t *testing.T) {
			t.Parallel()
			told := &answerer{}
			c := connect(t, told, noon)
			for k := range answer {
				told.tell(answer[:k])
				none(t, c, fault.UpstreamInvalid, need, places...)
			}
			told.tell(answer)
			fetch(t, c, need, places...)
		})
		t.Run(name+" that is cut off", func(t *testing.T) {
			t.Parallel()
			told := &answerer{}
			c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
				told.ServeHTTP(w, r)
				panic(http.ErrAbortHandler)
			}), noon)
			for k := 0; k < len(answer); k += 5 {
				told.tell(answer[:k])
				none(t, c, fault.UpstreamUnavailable, need, places...)
			}
		})
	}
}
