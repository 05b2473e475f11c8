package gatewaytest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/weather/simulator"
)

// An Upstream is the weather service of a gateway under test.
type Upstream struct {
	URL string

	mu      sync.Mutex
	calls   []Call              // guarded by mu
	fault   func(Call) Failure  // guarded by mu; nil while all is well
	rewrite func([]byte) []byte // guarded by mu; nil while answers are left alone
}

// A Call is what one call asked for.
type Call struct {
	Latitudes []string
	Form      map[string][]string
}

// A Failure is the answer of a call that fails: a status and a body. The zero
// Failure is none.
type Failure struct {
	Status int
	Body   string
}

func newUpstream(t testing.TB) *Upstream {
	t.Helper()
	u := &Upstream{}
	healthy := simulator.New(time.Now)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := *r // the simulator reads the form itself
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if failure := u.take(Call{Latitudes: strings.Split(r.Form.Get("latitude"), ","), Form: r.Form}); failure.Status != 0 {
			w.WriteHeader(failure.Status)
			_, _ = w.Write([]byte(failure.Body)) // the client may be gone
			return
		}
		body.Body = nopCloser{strings.NewReader(r.PostForm.Encode())}
		rewrite := u.rewriting()
		if rewrite == nil {
			healthy.ServeHTTP(w, &body)
			return
		}
		answer := httptest.NewRecorder()
		healthy.ServeHTTP(answer, &body)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(rewrite(answer.Body.Bytes())) // the client may be gone
	}))
	t.Cleanup(server.Close)
	u.URL = server.URL
	return u
}

type nopCloser struct{ *strings.Reader }

func (nopCloser) Close() error { return nil }

func (u *Upstream) take(c Call) Failure {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls = append(u.calls, c)
	if u.fault == nil {
		return Failure{}
	}
	return u.fault(c)
}

// Calls returns what has been asked so far.
func (u *Upstream) Calls() []Call {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.calls)
}

// Fail makes each call from now on fail as fault says; nil ends that.
func (u *Upstream) Fail(fault func(Call) Failure) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fault = fault
}

// Rewrite makes each answer that does not fail pass through rewrite from now on;
// nil ends that.
func (u *Upstream) Rewrite(rewrite func([]byte) []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rewrite = rewrite
}

func (u *Upstream) rewriting() func([]byte) []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.rewrite
}
