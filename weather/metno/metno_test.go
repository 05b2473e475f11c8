package metno_test

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/metno"
	"barograph/weather/providertest/sample"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const agent = "barograph-tests tests@example.org"

var (
	noon = time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC)
	oslo = weather.Place{Latitude: 59.912734, Longitude: 10.746097, TimeZone: "Europe/Oslo"}
	need = weather.Need{Current: true, Hours: 2, Days: 2}
)

// A service notes what it is asked, at a time that is moved by hand.
type service struct {
	mu    sync.Mutex
	now   time.Time        // guarded by mu
	asked []*http.Request  // guarded by mu
	serve http.HandlerFunc // guarded by mu; nil for the sample
	log   bytes.Buffer     // guarded by the handler's own lock
}

func (s *service) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func (s *service) move(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *service) answer(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve = h
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r)
	h := s.serve
	s.mu.Unlock()
	if h == nil {
		h = sample.MetNorway(s.clock).ServeHTTP
	}
	h(w, r)
}

func connect(t testing.TB) (*metno.Client, *service) {
	t.Helper()
	s := &service{now: noon}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := metno.New(metno.Config{URL: server.URL + "/", UserAgent: agent, Now: s.clock, Logger: slog.New(slog.NewTextHandler(&s.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s
}

func fetch(t testing.TB, c *metno.Client, place weather.Place) *weather.Report {
	t.Helper()
	results, err := c.Fetch(t.Context(), []weather.Place{place}, need)
	if err != nil {
		t.Fatal(err)
	}
	return results[0].Report
}

func TestItSaysWhoAsksAndGivesFourDecimalsAtMost(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	for place, want := range map[[2]float64]string{
		{59.912734, 10.746097}: "lat=59.9127&lon=10.746", {-0.00001, 0}: "lat=0&lon=0", {-12.04319, -77.02829}: "lat=-12.0431&lon=-77.0282", {0.0003, 1e-7}: "lat=0.0003&lon=0", {90, -180}: "lat=90&lon=-180",
	} {
		fetch(t, c, weather.Place{Latitude: place[0], Longitude: place[1], TimeZone: "GMT"})
		last := s.asked[len(s.asked)-1]
		if last.URL.RawQuery != want || last.UserAgent() != agent || last.URL.Path != "/locationforecast/2.0/complete" {
			t.Errorf("asked for %s by %q, want %s", last.URL, last.UserAgent(), want)
		}
	}
}

func TestItDoesNotAskBeforeTheAnswerHasExpired(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	first := fetch(t, c, oslo)
	if !first.ExpiresAt.Equal(noon.Add(31 * time.Minute)) {
		t.Errorf("it expires at %v", first.ExpiresAt)
	}
	s.move(30 * time.Minute)
	again := fetch(t, c, weather.Place{Latitude: 59.91271, Longitude: 10.74601, TimeZone: "GMT"}) // the same four decimals
	if len(s.asked) != 1 || !again.FetchedAt.Equal(noon) {
		t.Errorf("%d calls, and it says it was fetched at %v", len(s.asked), again.FetchedAt)
	}
	s.move(2 * time.Minute)
	if fetch(t, c, oslo); len(s.asked) != 2 {
		t.Errorf("%d calls once it has expired", len(s.asked))
	}
}

func TestItAsksForWhatHasChangedAlone(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	first := fetch(t, c, oslo)
	s.move(32 * time.Minute) // 12:52, in the hour of the forecast still
	second := fetch(t, c, oslo)
	if since := s.asked[1].Header.Get("If-Modified-Since"); since != "Mon, 15 Jun 2026 12:00:00 GMT" {
		t.Errorf("asked for what has changed since %q", since)
	}
	if !second.FetchedAt.Equal(noon.Add(32*time.Minute)) || !second.ExpiresAt.Equal(noon.Add(63*time.Minute)) || second.Current.Temperature != first.Current.Temperature {
		t.Errorf("nothing has changed, but it is %+v", second)
	}
	s.move(32 * time.Minute) // 13:24
	if third := fetch(t, c, oslo); third.Current.Time.Equal(first.Current.Time) {
		t.Errorf("it has changed, but is still of %v", third.Current.Time)
	}
	if len(s.asked) != 3 {
		t.Errorf("%d calls", len(s.asked))
	}
}

func TestA304ForNothingIsInvalid(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	if _, err := c.Fetch(t.Context(), []weather.Place{oslo}, need); fault.KindOf(err) != fault.UpstreamInvalid {
		t.Errorf("got %v", err)
	}
}

func TestAnOddExpiryIsBounded(t *testing.T) {
	t.Parallel()
	for expires, want := range map[string]time.Duration{
		"": 30 * time.Minute, "0": 30 * time.Minute, "Mon, 15 Jun 2026 12:00:00 GMT": time.Minute, "Mon, 15 Jun 2036 12:00:00 GMT": 3 * time.Hour, "Mon, 15 Jun 2026 13:00:00 GMT": 40 * time.Minute,
	} {
		c, s := connect(t)
		s.answer(func(w http.ResponseWriter, r *http.Request) {
			recorded := httptest.NewRecorder()
			sample.MetNorway(s.clock).ServeHTTP(recorded, r)
			if expires != "" {
				w.Header().Set("Expires", expires)
			}
			_, _ = w.Write(recorded.Body.Bytes())
		})
		if got := fetch(t, c, oslo).ExpiresAt.Sub(noon); got != want {
			t.Errorf("%q: it lives %v, want %v", expires, got, want)
		}
	}
}

func TestADeprecatedVersionIsLoggedOnce(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		sample.MetNorway(s.clock).ServeHTTP(recorded, r)
		w.WriteHeader(http.StatusNonAuthoritativeInfo)
		_, _ = w.Write(recorded.Body.Bytes())
	})
	for i := range 3 {
		fetch(t, c, weather.Place{Latitude: float64(i), TimeZone: "GMT"})
	}
	if n := strings.Count(s.log.String(), "deprecated"); n != 1 {
		t.Errorf("it is logged %d times:\n%s", n, &s.log)
	}
}

func TestWhoIsTurnedAwayIsToldWhy(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "go away", http.StatusForbidden) })
	_, err := c.Fetch(t.Context(), []weather.Place{oslo}, need)
	if fault.KindOf(err) != fault.UpstreamUnavailable || !strings.Contains(fault.Of(err).Message, "--met-norway-user-agent") || !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
}

func TestNoMoreThanTwentyCallsFallIntoASecond(t *testing.T) {
	t.Parallel()
	c, s := connect(t)
	began := time.Now()
	var callers sync.WaitGroup
	for i := range 31 {
		callers.Go(func() { fetch(t, c, weather.Place{Latitude: float64(i), TimeZone: "GMT"}) })
	}
	callers.Wait()
	if took := time.Since(began); s.count() != 31 || took < 1500*time.Millisecond {
		t.Errorf("%d calls within %v", s.count(), took)
	}
}

func TestAConfigurationThatBreaksTheTermsIsRefused(t *testing.T) {
	t.Parallel()
	for _, config := range []metno.Config{
		{URL: metno.DefaultURL}, {URL: metno.DefaultURL, UserAgent: "barograph"}, {URL: metno.DefaultURL, UserAgent: "me@example.org\r\nX: y"}, {URL: "", UserAgent: agent},
		{URL: "ftp://api.met.no", UserAgent: agent}, {URL: "https://api.met.no?x", UserAgent: agent},
	} {
		if c, err := metno.New(config); err == nil || c != nil {
			t.Errorf("%+v is taken", config)
		}
	}
}

func TestARejectedPlaceIsToldFromAFailure(t *testing.T) {
	t.Parallel()
	c, _ := connect(t)
	if _, err := c.Fetch(t.Context(), []weather.Place{{Latitude: 91, TimeZone: "GMT"}}, need); !errors.Is(err, weather.ErrRejected) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Fetch(t.Context(), []weather.Place{oslo, oslo}, need); err == nil {
		t.Error("two places are taken for one")
	}
}

func near(m weather.Measure, want float64) bool { return math.Abs(float64(m)-want) < 1e-9 }
