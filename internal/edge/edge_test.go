package edge_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/drain"
	"barograph/internal/edge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and returns its address and what ends it.
func serve(t *testing.T, handler http.Handler, ready func(context.Context) error) (address string, stop func() error) {
	t.Helper()
	return serveWith(t, edge.Config{GraphQL: handler, Ready: ready})
}

// serveWith is serve for a Config, to which it adds what every test wants.
func serveWith(t *testing.T, config edge.Config) (address string, stop func() error) {
	t.Helper()
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	config.Playground, config.Schema, config.Logger = named("playground"), named("schema"), slog.New(slog.DiscardHandler)
	served := make(chan error, 1)
	go func() { served <- edge.New(config).Serve(ctx, listener) }()
	stop = func() error {
		cancel()
		select {
		case err := <-served:
			served <- err
			return err
		case <-time.After(10 * time.Second):
			return errors.New("the server does not stop")
		}
	}
	t.Cleanup(func() { _ = stop() })
	return listener.Addr().String(), stop
}

// named answers with its name.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, name) })
}

func request(t *testing.T, address, text string) (status, body string) {
	t.Helper()
	conn := dial(t, address)
	if _, err := fmt.Fprint(conn, text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.Status, strings.TrimSpace(string(all))
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestProbesTellWhatTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	well, _ := serve(t, http.NotFoundHandler(), func(context.Context) error { return nil })
	ill, _ := serve(t, http.NotFoundHandler(), func(context.Context) error { return errors.New("secret") })
	for _, c := range []struct{ address, path, status, body string }{
		{well, "/healthz", "200 OK", "ok"},
		{ill, "/healthz", "200 OK", "ok"},
		{well, "/readyz", "200 OK", "ready"},
		{ill, "/readyz", "503 Service Unavailable", "the database does not answer"},
		{well, "/nothing", "404 Not Found", "404 page not found"},
	} {
		status, body := request(t, c.address, "GET "+c.path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if status != c.status || body != c.body {
			t.Errorf("GET %s = %s %q, want %s %q", c.path, status, body, c.status, c.body)
		}
	}
}

// Anybody may probe; the database is asked for one of them at a time, and for the
// others who ask meanwhile.
func TestProbesAtATimeAskTheDatabaseOnce(t *testing.T) {
	t.Parallel()
	var asking, asked atomic.Int64
	address, _ := serve(t, http.NotFoundHandler(), func(ctx context.Context) error {
		if asked.Add(1); asking.Add(1) > 1 {
			t.Error("the database is asked while it is being asked")
		}
		defer asking.Add(-1)
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond) // in which the others come
		defer cancel()
		<-ctx.Done()
		return nil
	})
	var all sync.WaitGroup
	for range 50 {
		conn := dial(t, address)
		all.Go(func() {
			_, _ = fmt.Fprint(conn, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != http.StatusOK || res.Body.Close() != nil {
				t.Errorf("a probe is answered %+v, %v", res, err)
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n > 10 {
		t.Errorf("fifty probes at a time ask %d times", n)
	}
}

func TestHandlersStandWhereTheyShould(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, named("graphql"), nil)
	for path, want := range map[string]string{
		"/":                    "playground",
		"/playground/index.js": "playground",
		"/schema.graphql":      "schema",
		"/graphql":             "graphql",
		"/graphql/":            "404 page not found",
		"/index.html":          "404 page not found",
	} {
		if _, body := request(t, address, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); body != want {
			t.Errorf("GET %s = %q, want %q", path, body, want)
		}
	}
}

func TestAHangingProbeIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, http.NotFoundHandler(), func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if status, _ := request(t, address, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"); status != "503 Service Unavailable" {
		t.Errorf("GET /readyz = %s, want 503", status)
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, http.NotFoundHandler(), nil)
	if status, _ := request(t, address, "GET /graphql HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 80<<10)+"\r\n\r\n"); !strings.HasPrefix(status, "431") {
		t.Errorf("80 KiB of headers are answered %s, want 431", status)
	}
}

func TestStopWaitsForRequestsAndEndsStreams(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}, 2), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			started <- struct{}{}
			<-finish
			_, _ = fmt.Fprint(w, "done")
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		stream, over := drain.Stream(r.Context())
		defer over()
		started <- struct{}{}
		<-stream.Done()
		_, _ = fmt.Fprint(conn, "bye: ", context.Cause(stream))
		_ = conn.Close()
		<-finish
	})
	address, stop := serve(t, handler, nil)

	plain, stream := dial(t, address), dial(t, address)
	_, _ = fmt.Fprint(plain, "GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	_, _ = fmt.Fprint(stream, "GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	<-started
	<-started
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	if text, err := io.ReadAll(stream); err != nil || string(text) != "bye: the server is stopping" {
		t.Errorf("the stream ends with %q, %v", text, err)
	}
	select {
	case err := <-stopped:
		t.Fatalf("the server stopped with a request in flight: %v", err)
	default:
	}
	close(finish)
	if text, err := io.ReadAll(plain); err != nil || !strings.HasSuffix(string(text), "done") {
		t.Errorf("the request in flight is answered %q, %v", text, err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestStopWaitsForConnectionsThatWereTakenOver(t *testing.T) {
	t.Parallel()
	ending, finish := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close() //nolint:errcheck // nothing is left to do about it
		stream, over := drain.Stream(r.Context())
		defer over()
		_, _ = fmt.Fprint(conn, "x")
		<-stream.Done()
		close(ending)
		<-finish
	})
	address, stop := serve(t, handler, nil)
	conn := dial(t, address)
	_, _ = fmt.Fprint(conn, "GET /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	<-ending
	select {
	case err := <-stopped:
		t.Errorf("the server stopped before the connection ended: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}
