package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/fault"
	"barograph/weather"
	"barograph/weather/upstream"
)

// ask names a URL that the test binary fetches, instead of testing, so that a
// test can give it an environment of its own.
const ask = "BAROGRAPH_TEST_ASK"

func TestMain(m *testing.M) {
	if target := os.Getenv(ask); target != "" {
		_, err := get(context.Background(), upstream.New(1, time.Now), target)
		fmt.Println(err)
		return
	}
	goleak.VerifyTestMain(m)
}

func get(ctx context.Context, s *upstream.Server, target string, accepted ...int) (*upstream.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	return s.Do(req, 100, accepted...)
}

// serve returns a server that answers as h does, and where.
func serve(t *testing.T, h http.HandlerFunc, secrets ...string) (*upstream.Server, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s := upstream.New(1, time.Now, secrets...)
	t.Cleanup(s.Close)
	return s, server.URL
}

func TestAnAnswerIsReadWhole(t *testing.T) {
	t.Parallel()
	s, url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Expires", "soon")
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	})
	a, err := get(t.Context(), s, url)
	if err != nil || a.Status != http.StatusOK || a.Header.Get("Expires") != "soon" || len(a.Body) != 100 {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestAnAnswerBeyondTheLimitIsInvalid(t *testing.T) {
	t.Parallel()
	s, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // without end
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
		}
	})
	if _, err := get(t.Context(), s, url); fault.KindOf(err) != fault.UpstreamInvalid {
		t.Errorf("got %v", err)
	}
}

func TestOnlyAcceptedStatusesAreAnswers(t *testing.T) {
	t.Parallel()
	s, url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	if a, err := get(t.Context(), s, url, http.StatusNotModified); err != nil || a.Status != http.StatusNotModified {
		t.Errorf("accepted: %+v, %v", a, err)
	}
	if _, err := get(t.Context(), s, url); !errors.Is(err, upstream.ErrRefused) {
		t.Errorf("not accepted: %v", err)
	}
}

func TestStatusesHaveKinds(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		kind              fault.Kind
		rejected, refused bool
	}{
		400: {fault.UpstreamInvalid, true, false}, 422: {fault.UpstreamInvalid, true, false},
		401: {fault.UpstreamUnavailable, false, true}, 403: {fault.UpstreamUnavailable, false, true}, 404: {fault.UpstreamUnavailable, false, true},
		302: {fault.UpstreamUnavailable, false, true}, 500: {fault.UpstreamUnavailable, false, false}, 503: {fault.UpstreamUnavailable, false, false},
		408: {fault.UpstreamTimeout, false, false}, 504: {fault.UpstreamTimeout, false, false}, 429: {fault.UpstreamRateLimited, false, false},
	} {
		s, url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := get(t.Context(), s, url)
		if fault.KindOf(err) != want.kind || errors.Is(err, weather.ErrRejected) != want.rejected || errors.Is(err, upstream.ErrRefused) != want.refused {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestARedirectLeadsNowhere(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(trap.Close)
	for _, to := range []string{trap.URL, "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "/elsewhere"} {
		s, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				elsewhere.Add(1)
			}
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		})
		if _, err := get(t.Context(), s, url+"/"); fault.KindOf(err) != fault.UpstreamUnavailable || elsewhere.Load() != 0 {
			t.Errorf("%s: %v, followed %d times", to, err, elsewhere.Load())
		}
	}
}

func TestNoErrorTellsASecret(t *testing.T) {
	t.Parallel()
	const secret = "swordfish"
	s, url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "the key "+secret+" is not known")
	}, secret, "")
	if _, err := get(t.Context(), s, url); err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "is not known") {
		t.Errorf("refused: %v", err)
	}
	if _, err := get(t.Context(), s, "http://127.0.0.1:1/?key="+secret); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("unreachable: %v", err)
	}
}

func TestACertificateNobodySignedIsNotTrusted(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	s := upstream.New(1, time.Now)
	t.Cleanup(s.Close)
	if _, err := get(t.Context(), s, server.URL); fault.KindOf(err) != fault.UpstreamUnavailable || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}

func TestTheEnvironmentsProxyIsUsed(t *testing.T) {
	t.Parallel()
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.URL.String()) }))
	t.Cleanup(proxy.Close)
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const target = "http://weather.example/v1"
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = []string{"HTTP_PROXY=" + proxy.URL, ask + "=" + target}
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "<nil>" || asked.Load() != target {
		t.Errorf("the proxy was asked for %v; %s, %v", asked.Load(), out, err)
	}
}

func TestRetryAfterIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                               time.Minute,
		"soon":                           time.Minute,
		"-5":                             time.Minute,
		"1.5":                            time.Minute,
		"0":                              time.Second,
		"30":                             30 * time.Second,
		" 7 ":                            7 * time.Second,
		"315360000":                      315360000 * time.Second,
		"99999999999999999999999999999":  1<<63 - 1,
		"9223372036854775807":            1<<63 - 1,
		"Mon, 15 Jun 2026 12:22:00 GMT":  2 * time.Minute,
		"Mon, 15 Jun 2026 12:19:00 GMT":  time.Second,
		"Monday, 15-Jun-26 12:21:00 GMT": time.Minute,
		"Mon Jun 15 12:25:00 2026":       5 * time.Minute,
		"Mon, 99 Jun 2026 12:22:00 GMT":  time.Minute,
	} {
		if got := upstream.RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
