package admin_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and returns its address and what stops it.
func serve(t *testing.T) (address string, stop func() error) {
	t.Helper()
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
	go func() { served <- admin.Serve(ctx, listener, metrics, slog.New(slog.DiscardHandler)) }()
	stop = func() error {
		cancel()
		select {
		case err := <-served:
			served <- err
			return err
		case <-time.After(10 * time.Second):
			return errors.New("it does not stop")
		}
	}
	t.Cleanup(func() { _ = stop() })
	return listener.Addr().String(), stop
}

// get asks for a path by a name of the host.
func get(t *testing.T, address, host, path string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host, req.Close = host, true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	body, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

func TestOperatorsGetMetricsProfilesAndTheBuild(t *testing.T) {
	t.Parallel()
	address, _ := serve(t)
	for path, want := range map[string]int{
		"/metrics": 200, "/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/goroutine": 200, "/buildinfo": 200,
		"/debug/pprof/cmdline": 404, // which would show the secrets in flags
		"/":                    404, "/graphql": 404,
	} {
		if status, body := get(t, address, address, path); status != want {
			t.Errorf("GET %s = %d %.200s, want %d", path, status, body, want)
		}
	}
	_, body := get(t, address, address, "/buildinfo")
	var build struct {
		Go      string
		Modules map[string]string
	}
	if err := json.Unmarshal(body, &build); err != nil || !strings.HasPrefix(build.Go, "go1.") {
		t.Errorf("the build is %s, %v", body, err)
	}
	_, body = get(t, address, address, "/debug/pprof/allocs")
	if _, err := gzip.NewReader(bytes.NewReader(body)); err != nil {
		t.Errorf("the profile is none: %v", err)
	}
}

func TestOnLoopbackOnlyNamesOfThisMachineAreAnswered(t *testing.T) {
	t.Parallel()
	address, _ := serve(t)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:9": 200, "127.0.0.1": 200, "[::1]:80": 200, "[::1]": 200,
		"evil.example": 403, "evil.example:8081": 403, "10.0.0.1": 403, "localhost.evil.example": 403,
	} {
		if status, _ := get(t, address, host, "/metrics"); status != want {
			t.Errorf("host %s: %d, want %d", host, status, want)
		}
	}
}

func TestStopEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	address, stop := serve(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // nothing is left to do about it
	if _, err := io.WriteString(conn, "GET /debug/pprof/trace?seconds=60 HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}
