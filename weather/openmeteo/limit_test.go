package openmeteo_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/openmeteo"
	"barograph/weather/quota"
	"barograph/weather/simulator"
)

// The reasons are the service's own words (RateLimiter.swift).
func TestEachReasonForA429SaysUntilWhen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reason, header string
		want           time.Duration
		short          bool // of the quota, from then on
	}{
		"minute":     {`{"error":true,"reason":"Minutely API request limit exceeded. Please try again in one minute."}`, "", time.Minute, true}, // at 12:20:00
		"hour":       {`{"error":true,"reason":"Hourly API request limit exceeded. Please try again in the next hour."}`, "", 40 * time.Minute, true},
		"day":        {`{"error":true,"reason":"Daily API request limit exceeded. Please try again tomorrow."}`, "", 11*time.Hour + 40*time.Minute, true},
		"concurrent": {`{"error":true,"reason":"Too many concurrent requests"}`, "", 2 * time.Second, false},
		"unknown":    {`{"error":true,"reason":"Go away"}`, "", time.Minute, false},
		"a proxy's":  {`<html>minutely</html>`, "17", 17 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				if test.header != "" {
					w.Header().Set("Retry-After", test.header)
				}
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = io.WriteString(w, test.reason)
			}))
			t.Cleanup(server.Close)
			c := client(t, server.URL, openmeteo.Quota(quota.NewMeter(quota.Free, func() time.Time { return noon })))
			for range 2 {
				_, err := c.Fetch(t.Context(), []weather.Place{berlin}, weather.Need{Current: true})
				if failed(t, err, fault.UpstreamRateLimited); fault.Of(err).RetryAfter != test.want {
					t.Errorf("to be tried again after %v, want %v", fault.Of(err).RetryAfter, test.want)
				}
			}
			if want := int64(2); test.short && calls.Load() != 1 || !test.short && calls.Load() != want {
				t.Errorf("%d calls", calls.Load())
			}
		})
	}
}

func TestCallsSpendWhatTheyWeigh(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return noon }
	server := httptest.NewServer(simulator.New(now))
	t.Cleanup(server.Close)
	for _, test := range []struct {
		need   weather.Need
		places int
		want   float64
	}{
		{weather.Need{Current: true}, 1, 1.1},                         // 11 variables
		{weather.Need{Hours: 24}, 10, 12},                             // 12
		{weather.Need{Days: 7}, 10, 10},                               // 8, and none weighs less than one
		{weather.Need{Current: true, Hours: 24, Days: 7}, 2, 6.2},     // 31
		{weather.Need{Days: 16, Current: true}, 7, 7 * 1.9 * 16 / 14}, // 19 over 16 days
		{weather.Need{Hours: 360}, 7, 7 * 1.2 * 16 / 14},              // 12 over 362 hours, which are 16 days
	} {
		meter := quota.NewMeter(quota.Free, now)
		c := client(t, server.URL, openmeteo.Quota(meter))
		if _, err := c.Fetch(t.Context(), make([]weather.Place, test.places), test.need); err != nil {
			t.Error(err)
		}
		if got := 600 - meter.Left().Minute; got < test.want-1e-9 || got > test.want+1e-9 {
			t.Errorf("%d places with %+v spend %v, want %v", test.places, test.need, got, test.want)
		}
	}
}

func TestARejectedBatchCostsOne(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return noon }
	server := httptest.NewServer(simulator.New(now))
	t.Cleanup(server.Close)
	meter := quota.NewMeter(quota.Free, now)
	c := client(t, server.URL, openmeteo.Quota(meter))
	_, err := c.Fetch(t.Context(), append(make([]weather.Place, 99), weather.Place{Latitude: 91, TimeZone: "GMT"}), weather.Need{Current: true})
	if !errors.Is(err, weather.ErrRejected) || meter.Left().Minute != 599 {
		t.Errorf("%v left after %v", meter.Left().Minute, err)
	}
}

func TestNoCallIsMadeThatTheQuotaDoesNotAllow(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	now := func() time.Time { return noon }
	h := simulator.New(now)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c := client(t, server.URL, openmeteo.Quota(quota.NewMeter(quota.Limits{Minute: 10, Hour: 100, Day: 100}, now)))
	for i, want := range []fault.Kind{0, fault.UpstreamRateLimited} {
		_, err := c.Fetch(t.Context(), make([]weather.Place, 8), weather.Need{Current: true})
		if (err != nil) != (want != 0) || err != nil && (fault.KindOf(err) != want || !errors.Is(err, quota.ErrShort) || fault.Of(err).RetryAfter != time.Minute) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestABatchIsNoLargerThanAMinutesQuota(t *testing.T) {
	t.Parallel()
	meter := quota.NewMeter(quota.Free, time.Now)
	for name, test := range map[string]struct {
		options []openmeteo.Option
		want    int
	}{
		"without a quota":   {nil, 1000},
		"with the free one": {[]openmeteo.Option{openmeteo.Quota(meter)}, 169},                                         // 600 / (3.1 · 16/14)
		"and with air":      {[]openmeteo.Option{openmeteo.Quota(meter), openmeteo.Air(openmeteo.DefaultAirURL)}, 132}, // 600 / (3.1 · 16/14 + 1)
	} {
		if got := client(t, openmeteo.DefaultURL, test.options...).Limits().Batch; got != test.want {
			t.Errorf("%s: %d places a call, want %d", name, got, test.want)
		}
	}
}
