package providertest_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/fault"
	"barograph/internal/faultproxy"
	"barograph/weather"
	"barograph/weather/guard"
	"barograph/weather/openmeteo"
	"barograph/weather/providertest"
	"barograph/weather/simulator"
)

// The faults of an upstream, F01 to F10, each with what is promised. They are no
// parallel tests: after each, goroutines and sockets are back to the base line.

// deadline is that of the guard in these tests.
const deadline = 500 * time.Millisecond

var current = weather.Need{Current: true}

// A clock stands still unless it is moved.
type clock struct {
	mu   sync.Mutex
	time time.Time // guarded by mu
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

// A world is a service over a guarded provider, whose server is reached through
// a proxy that can fail.
type world struct {
	*clock
	server  *httptest.Server
	proxy   *faultproxy.Proxy
	client  *openmeteo.Client
	guard   *guard.Guard
	service *weather.Service

	mu     sync.Mutex
	calls  int              // guarded by mu
	handle http.HandlerFunc // guarded by mu; nil for the simulator
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.calls++
	handle := w.handle
	w.mu.Unlock()
	if handle == nil {
		handle = simulator.New(w.now).ServeHTTP
	}
	handle(rw, r)
}

// answer makes the server answer otherwise, or with nil as it does.
func (w *world) answer(h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handle = h
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// leavesNothing fails a test whose goroutines outlive it and all it has built.
func leavesNothing(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// build returns a world that is torn down after the test, connections first.
func build(t *testing.T) *world {
	t.Helper()
	w := &world{clock: &clock{time: moments["noon"]}}
	w.server = httptest.NewServer(w)
	var err error
	if w.proxy, err = faultproxy.Start(w.server.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if w.client, err = openmeteo.New("http://"+w.proxy.Address(), openmeteo.Source, w.now); err != nil {
		t.Fatal(err)
	}
	w.guard = guard.New(w.client, guard.Config{Deadline: deadline, Now: w.now, Random: func() float64 { return 0.1 }, Logger: quiet})
	w.service = weather.NewService(w.now, quiet, w.guard)
	t.Cleanup(func() {
		w.service.Close()
		w.guard.Close()
		w.client.Close()
		w.settle(t)
		if err := w.proxy.Close(); err != nil {
			t.Error(err)
		}
		w.server.Close()
	})
	return w
}

// settle waits for every connection to the provider to end.
func (w *world) settle(t *testing.T) {
	t.Helper()
	tick, late := time.NewTicker(time.Millisecond), time.After(5*time.Second)
	defer tick.Stop()
	for {
		open, ever := w.proxy.Connections()
		if open == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Errorf("%d connections of %d are still open", open, ever)
			return
		}
	}
}

// ask asks for a place, which has to be answered by the deadline, and returns
// the answer.
func (w *world) ask(t *testing.T, place int) weather.Result {
	t.Helper()
	began := time.Now()
	r := w.service.Reports(t.Context(), providertest.Places[place:place+1], current)[0]
	if took := time.Since(began); took > 2*deadline+5*time.Second { // which a busy machine adds
		t.Errorf("it took %v", took)
	}
	return r
}

// failing fails unless a place has no report but an error of one of the kinds.
func failing(t *testing.T, r weather.Result, kinds ...fault.Kind) {
	t.Helper()
	for _, kind := range kinds {
		if r.Report == nil && r.Err != nil && fault.KindOf(r.Err) == kind {
			return
		}
	}
	t.Errorf("got %+v (%s), want one of %v", r, fault.KindOf(r.Err).Code(), kinds)
}

func live(t *testing.T, r weather.Result) {
	t.Helper()
	if r.Err != nil || r.Report == nil || r.State != weather.Live {
		t.Errorf("got %+v, want a live report", r)
	}
}

func TestF01SlowServersAreGivenUpAtTheDeadline(t *testing.T) {
	leavesNothing(t)
	for name, slow := range map[string]faultproxy.Fault{
		"the first byte after 30 s": {Delay: 30 * time.Second}, "a byte a second": {Pace: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			w, other := build(t), build(t)
			w.proxy.Set(slow)
			var both sync.WaitGroup
			both.Go(func() { failing(t, w.ask(t, 0), fault.UpstreamTimeout) })
			for i := range providertest.Places {
				live(t, other.ask(t, i)) // another provider is not affected
			}
			both.Wait()
			w.proxy.Set(faultproxy.Fault{})
			live(t, w.ask(t, 0))
		})
	}
}

func TestF02ABurstOfErrorsCostsFewCallsAndStaleReportsAreServed(t *testing.T) {
	leavesNothing(t)
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable} {
		w := build(t)
		live(t, w.ask(t, 0))
		w.move(2 * time.Hour) // it has expired
		before := w.count()
		w.answer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
		for range 100 {
			if r := w.ask(t, 0); r.Report == nil || r.State != weather.Stale {
				t.Fatalf("%d: %+v, want what was known", status, r)
			}
			failing(t, w.ask(t, 1), fault.UpstreamUnavailable)
		}
		if calls := w.count() - before; calls > 10 {
			t.Errorf("%d: %d calls for 200 that asked", status, calls)
		}
	} // that the breaker closes by itself is guard's to show, where ten seconds cost nothing
}

func TestF03ARetryAfterIsKeptByTheWholeNode(t *testing.T) {
	leavesNothing(t)
	for header, wait := range map[string]time.Duration{
		"7": 7 * time.Second, "Mon, 15 Jun 2026 12:20:30 GMT": 30 * time.Second, "soon": time.Minute, "": time.Minute, "315360000": time.Hour,
	} {
		w := build(t)
		w.answer(func(rw http.ResponseWriter, _ *http.Request) {
			if header != "" {
				rw.Header().Set("Retry-After", header)
			}
			rw.WriteHeader(http.StatusTooManyRequests)
		})
		failing(t, w.ask(t, 0), fault.UpstreamRateLimited)
		w.answer(nil)
		w.move(wait - time.Second)
		for i := range providertest.Places {
			r := w.ask(t, i)
			if failing(t, r, fault.UpstreamRateLimited); fault.Of(r.Err).RetryAfter != time.Second {
				t.Errorf("%q: to be tried again after %v", header, fault.Of(r.Err).RetryAfter)
			}
		}
		if w.count() != 1 {
			t.Errorf("%q: %d calls", header, w.count())
		}
		w.move(time.Second)
		live(t, w.ask(t, 0))
	}
}

func TestF04GarbageIsInvalidAndKeptNowhere(t *testing.T) {
	leavesNothing(t)
	for _, body := range []string{
		"<html>Sign in</html>", "{}", "[]", "[{}]", "null", "\x00", `{"latitude":NaN}`, `{"latitude":1e400,"longitude":0}`, `{"latitude":"north"}`, `{"latitude":59.9,"longitude":10.7,"current":[]}`, "",
	} {
		w := build(t)
		w.answer(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(body)) })
		failing(t, w.ask(t, 0), fault.UpstreamInvalid)
		w.answer(nil)
		live(t, w.ask(t, 0))
	}
	for _, text := range []string{"\x00\x01\x02", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 999999 ?\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"} {
		w := build(t)
		w.proxy.Set(faultproxy.Fault{Instead: []byte(text)})
		failing(t, w.ask(t, 0), fault.UpstreamUnavailable)
		w.proxy.Set(faultproxy.Fault{})
		live(t, w.ask(t, 0))
	}
}

func TestF05ACutAnswerIsNeverShownAsWhole(t *testing.T) {
	leavesNothing(t)
	w := build(t)
	results, err := w.client.Fetch(t.Context(), providertest.Places[:1], current)
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	recorded := httptest.NewRecorder()
	simulator.New(w.now).ServeHTTP(recorded, httptest.NewRequest(http.MethodGet, "/v1/forecast?latitude=59.91273&longitude=10.74609&timeformat=unixtime&current=temperature_2m", nil))
	body := recorded.Body.Bytes()
	w.answer(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(body) })
	head := len("HTTP/1.1 200 OK\r\nDate: Mon, 15 Jun 2026 12:20:00 GMT\r\nContent-Length: 000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
	for k := range head + len(body) - 1 {
		for _, cut := range []faultproxy.Fault{{Cut: true, After: k}, {Reset: true, After: k}} {
			w.proxy.Set(cut)
			results, err := w.client.Fetch(t.Context(), providertest.Places[:1], current)
			if err == nil {
				err = results[0].Err
			}
			failing(t, weather.Result{Err: err}, fault.UpstreamUnavailable)
		}
	}
	w.proxy.Set(faultproxy.Fault{})
	if _, err := w.client.Fetch(t.Context(), providertest.Places[:1], current); err != nil {
		t.Errorf("uncut: %v", err)
	}
}

func TestF06EachPlaceOfAMixedUpListHasItsOwnReportOrAnError(t *testing.T) {
	leavesNothing(t)
	for name, mix := range map[string]func([]string) []string{
		"permuted":   func(l []string) []string { l[0], l[1] = l[1], l[0]; return l },
		"missing":    func(l []string) []string { return l[1:] },
		"extra":      func(l []string) []string { return append(l, l[0]) },
		"duplicated": func(l []string) []string { l[1] = l[0]; return l },
		"empty":      func([]string) []string { return nil },
	} {
		w := build(t)
		w.answer(func(rw http.ResponseWriter, r *http.Request) {
			recorded := httptest.NewRecorder()
			simulator.New(w.now).ServeHTTP(recorded, r)
			list := strings.Split(strings.Trim(recorded.Body.String(), "[]"), `},{"latitude"`)
			for i := range list { // which the split has taken off
				if i > 0 {
					list[i] = `{"latitude"` + list[i]
				}
				if i < len(list)-1 {
					list[i] += "}"
				}
			}
			_, _ = rw.Write([]byte("[" + strings.Join(mix(list), ",") + "]"))
		})
		for i, r := range w.service.Reports(t.Context(), providertest.Places, current) {
			if r.Err == nil && r.Report.Place != providertest.Places[i] {
				t.Errorf("%s: %v has the report of %v", name, providertest.Places[i], r.Report.Place)
			} else if r.Err != nil {
				failing(t, r, fault.UpstreamInvalid)
			}
			if misplaced := name != "permuted" && name != "duplicated" || i < 2 && (name == "permuted" || i == 1); misplaced && r.Err == nil {
				t.Errorf("%s: place %d has a report", name, i)
			}
		}
	}
}

func TestF09AServerThatNeverAnswersDoesNotStarveThePool(t *testing.T) {
	leavesNothing(t)
	w := build(t)
	w.proxy.Set(faultproxy.Fault{Silent: true})
	failing(t, w.ask(t, 0), fault.UpstreamTimeout)
	w.settle(t) // no connection is kept that has not answered
	w.proxy.Set(faultproxy.Fault{})
	for i := range providertest.Places {
		live(t, w.ask(t, i))
	}
	if _, ever := w.proxy.Connections(); ever > 2+1 { // a call and its retry, and one that is kept
		t.Errorf("%d connections were made", ever)
	}
}

// A waiter is a context that tells when somebody begins to wait for its end.
type waiter struct {
	context.Context
	once    sync.Once
	waiting chan struct{}
}

func (w *waiter) Done() <-chan struct{} {
	w.once.Do(func() { close(w.waiting) })
	return w.Context.Done()
}

// waits asks for a place, and returns once that waits for the answer.
func (w *world) waits(ctx context.Context) <-chan weather.Result {
	watched := &waiter{Context: ctx, waiting: make(chan struct{})}
	result := make(chan weather.Result, 1)
	go func() { result <- w.service.Reports(watched, providertest.Places[:1], current)[0] }()
	<-watched.waiting
	return result
}

func TestF10ACallEndsWhenNobodyWaitsForItAnyMore(t *testing.T) { //nolint:paralleltest // it looks at what is left
	leavesNothing(t)
	w := build(t)
	asked, gone, answer := make(chan struct{}, 9), make(chan struct{}, 9), make(chan struct{})
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-answer:
			simulator.New(w.now).ServeHTTP(rw, r)
		case <-r.Context().Done():
			gone <- struct{}{}
		}
	})
	first, leave := context.WithCancel(t.Context())
	defer leave()
	one := w.waits(first)
	<-asked
	two := w.waits(t.Context())
	leave()
	if r := <-one; !errors.Is(r.Err, context.Canceled) {
		t.Errorf("who left has %+v", r)
	}
	close(answer)
	live(t, <-two) // of the one call there was
	if w.count() != 1 {
		t.Errorf("%d calls", w.count())
	}
}

func TestF10ACallThatAllHaveLeftIsCancelled(t *testing.T) { //nolint:paralleltest // it looks at what is left
	leavesNothing(t)
	w := build(t)
	asked, gone := make(chan struct{}, 9), make(chan struct{}, 9)
	w.answer(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	began := time.Now()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	one := w.waits(ctx)
	<-asked
	leave()
	<-one
	select {
	case <-gone: // the server is told that nobody waits
	case <-time.After(10 * time.Second):
		t.Error("the server has not been told")
	}
	if took := time.Since(began); took > deadline/2 || w.count() != 1 {
		t.Errorf("%d calls, over after %v", w.count(), took)
	}
}

func TestAnEndlessBodyIsGivenUp(t *testing.T) {
	leavesNothing(t)
	w := build(t)
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := rw.Write(bytes.Repeat([]byte{' '}, 64<<10)); err != nil {
				return
			}
		}
	})
	failing(t, w.ask(t, 0), fault.UpstreamInvalid)
}
