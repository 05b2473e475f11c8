package openmeteo_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

func TestARefusalHasTheKindOfItsStatus(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]fault.Kind{
		201: fault.UpstreamUnavailable, 204: fault.UpstreamUnavailable, 206: fault.UpstreamUnavailable,
		400: fault.UpstreamInvalid, 401: fault.UpstreamUnavailable, 403: fault.UpstreamUnavailable, 404: fault.UpstreamUnavailable,
		408: fault.UpstreamTimeout, 413: fault.UpstreamUnavailable, 414: fault.UpstreamUnavailable, 429: fault.UpstreamRateLimited,
		500: fault.UpstreamUnavailable, 502: fault.UpstreamUnavailable, 503: fault.UpstreamUnavailable, 504: fault.UpstreamTimeout,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			for _, body := range []string{`{"error":true,"reason":"` + secret + `"}`, "<html>" + secret + "</html>", "", string(recorded(t, weather.Need{Current: true}, berlin))} {
				results, err := answering(t, status, body).Fetch(t.Context(), []weather.Place{berlin}, weather.Need{Current: true})
				failed(t, err, kind)
				if results != nil {
					t.Errorf("results are %+v", results)
				}
				if rejected := errors.Is(err, weather.ErrRejected); rejected != (status == http.StatusBadRequest) {
					t.Errorf("rejected: %t", rejected)
				}
				if wait := fault.Of(err).RetryAfter; (wait > 0) != (status == http.StatusTooManyRequests) || wait > time.Minute {
					t.Errorf("to be tried again after %v", wait)
				}
			}
		})
	}
}

func TestARefusalKeepsTheReasonForTheLog(t *testing.T) {
	t.Parallel()
	_, err := answering(t, 503, `{"error":true,"reason":"`+secret+`"}`).Fetch(t.Context(), []weather.Place{berlin}, weather.Need{Current: true})
	if text := err.Error(); !strings.Contains(text, secret) || !strings.Contains(text, "503") {
		t.Errorf("the log says %q", text)
	}
}

func TestARealRefusalIsOfWhatWasAsked(t *testing.T) {
	t.Parallel()
	c := connect(t, record(noon), noon)
	for _, bad := range []weather.Place{{Latitude: 90.1, TimeZone: "GMT"}, {Longitude: -181, TimeZone: "GMT"}, {TimeZone: "Moon/Tranquility"}} {
		_, err := c.Fetch(t.Context(), []weather.Place{berlin, bad}, weather.Need{Current: true})
		if failed(t, err, fault.UpstreamInvalid); !errors.Is(err, weather.ErrRejected) {
			t.Errorf("%v: %v, want a rejection", bad, err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		var elsewhere atomic.Int64
		trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
		t.Cleanup(trap.Close)
		c := connect(t, http.RedirectHandler(trap.URL+"/v1/forecast", status), noon)
		_, err := c.Fetch(t.Context(), []weather.Place{berlin}, weather.Need{Current: true})
		if failed(t, err, fault.UpstreamUnavailable); elsewhere.Load() != 0 {
			t.Errorf("%d was followed", status)
		}
	}
}
