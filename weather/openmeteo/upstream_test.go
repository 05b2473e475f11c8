package openmeteo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/openmeteo"
	"barograph/weather/simulator"
)

// noon is when most tests take place.
var noon = time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC)

var (
	berlin = weather.Place{Latitude: 52.52437, Longitude: 13.41053, TimeZone: "Europe/Berlin"}
	delhi  = weather.Place{Latitude: 28.65195, Longitude: 77.23149, TimeZone: "Asia/Kolkata"}
	lima   = weather.Place{Latitude: -12.04318, Longitude: -77.02824, TimeZone: "America/Lima"}
)

// connect returns a client of what a handler serves, at a time.
func connect(t testing.TB, h http.Handler, now time.Time) *openmeteo.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return clientOf(t, server.URL, now)
}

func clientOf(t testing.TB, base string, now time.Time) *openmeteo.Client {
	t.Helper()
	client, err := openmeteo.New(base, simulator.Source, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// A recorder is a simulator that keeps the last request and the last answer.
type recorder struct {
	simulator http.Handler

	mu      sync.Mutex
	request *http.Request // guarded by mu
	answer  []byte        // guarded by mu
}

func record(now time.Time) *recorder {
	return &recorder{simulator: simulator.New(func() time.Time { return now })}
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	answer := httptest.NewRecorder()
	r.simulator.ServeHTTP(answer, request)
	r.mu.Lock()
	r.request, r.answer = request, answer.Body.Bytes()
	r.mu.Unlock()
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client sees what is missing
}

func (r *recorder) last() (*http.Request, []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.request, r.answer
}

// fetch fetches places through a client and fails unless each has its report.
func fetch(t testing.TB, c *openmeteo.Client, need weather.Need, places ...weather.Place) []*weather.Report {
	t.Helper()
	results, err := c.Fetch(t.Context(), places, need)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(places) {
		t.Fatalf("%d results for %d places", len(results), len(places))
	}
	reports := make([]*weather.Report, len(results))
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("%v: %v", places[i], r.Err)
		}
		complete(t, r.Report, places[i], need)
		reports[i] = r.Report
	}
	return reports
}

// complete fails unless a report is all that a caller may rely on.
func complete(t testing.TB, r *weather.Report, place weather.Place, need weather.Need) {
	t.Helper()
	if r == nil || (r.Current != nil) != need.Current || r.Place != place || r.Source != simulator.Source {
		t.Fatalf("the report of %v is %+v", place, r)
	}
	if len(r.Hourly) != need.Hours || len(r.Daily) != need.Days {
		t.Fatalf("%d hours and %d days, want %+v", len(r.Hourly), len(r.Daily), need)
	}
	if life := r.ExpiresAt.Sub(r.FetchedAt); life < time.Minute || life > time.Hour {
		t.Fatalf("the report lives %v", life)
	}
	var moments []time.Time
	if r.Current != nil {
		moments = append(moments, r.Current.Time)
	}
	for i, h := range r.Hourly {
		if i > 0 && !h.Time.After(r.Hourly[i-1].Time) {
			t.Fatalf("hour %v comes after %v", h.Time, r.Hourly[i-1].Time)
		}
		moments = append(moments, h.Time)
	}
	for i, d := range r.Daily {
		if i > 0 && !d.Date.After(r.Daily[i-1].Date) {
			t.Fatalf("day %v comes after %v", d.Date, r.Daily[i-1].Date)
		}
		if d.Sunrise.IsZero() != d.Sunset.IsZero() || d.Sunset.Before(d.Sunrise) {
			t.Fatalf("the sun is up from %v to %v", d.Sunrise, d.Sunset)
		}
		moments = append(moments, d.Date)
	}
	for _, m := range moments {
		if m.Unix() <= -24*60*60 || m.Year() > 9999 {
			t.Fatalf("a time is %v", m)
		}
	}
}

// An answerer answers every request with the body it was told last, as it is.
type answerer struct {
	mu   sync.Mutex
	body []byte // guarded by mu
}

func (a *answerer) tell(body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.body = body
}

func (a *answerer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = w.Write(a.body) // the client sees what is missing
}

// answering returns a client of a server that answers with a body and a status.
func answering(t testing.TB, status int, body string) *openmeteo.Client {
	t.Helper()
	return connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client sees what is missing
	}), noon)
}

// recorded returns the simulator's answer for places.
func recorded(t testing.TB, need weather.Need, places ...weather.Place) []byte {
	t.Helper()
	upstream := record(noon)
	fetch(t, connect(t, upstream, noon), need, places...)
	_, answer := upstream.last()
	return answer
}

// An object is JSON's.
type object = map[string]any

// parse reads an answer for one place or several.
func parse(t testing.TB, answer []byte) (list []object) {
	t.Helper()
	if !bytes.HasPrefix(answer, []byte("[")) {
		answer = bytes.Join([][]byte{{'['}, answer, {']'}}, nil)
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return list
}

// write turns a value into JSON.
func write(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// set returns an answer for one place with a member, named by its path, of
// another value, be it JSON or not.
func set(t testing.TB, answer, path, value string) string {
	t.Helper()
	root := parse(t, []byte(answer))[0]
	at, names := root, strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		at = at[name].(object)
	}
	const here = "value goes here"
	at[names[len(names)-1]] = here
	return strings.Replace(write(t, root), `"`+here+`"`, value, 1)
}

// secret is in the text of every failing server: it must not reach a client.
const secret = "swordfish"

// failed fails unless an error is of a kind and safe to show.
func failed(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("got %v (%s), want %s", err, fault.KindOf(err).Code(), kind.Code())
		return
	}
	if message := fault.Of(err).Message; message == "" || bytes.Contains([]byte(message), []byte(secret)) {
		t.Errorf("clients are told %q", message)
	}
}

// none fails unless no place gets a report, but each an error of a kind.
func none(t testing.TB, c *openmeteo.Client, kind fault.Kind, need weather.Need, places ...weather.Place) {
	t.Helper()
	results, err := c.Fetch(t.Context(), places, need)
	if err != nil {
		if failed(t, err, kind); results != nil {
			t.Errorf("results beside an error: %+v", results)
		}
		return
	}
	if len(results) != len(places) {
		t.Errorf("%d results for %d places", len(results), len(places))
	}
	for i, r := range results {
		if failed(t, r.Err, kind); r.Report != nil {
			t.Errorf("%v has %+v", places[i], r.Report)
		}
	}
}
