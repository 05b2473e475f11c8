package edge_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"barograph/internal/drain"
	"barograph/internal/edge"
	"barograph/internal/tlsconfig"
	"barograph/internal/tlsconfig/tlstest"
)

// A secure server is one under TLS, and those who trust it.
type secure struct {
	address string
	stop    func() error
	client  *tls.Config
}

// serveTLS is serveWith under TLS.
func serveTLS(t *testing.T, config edge.Config) secure {
	t.Helper()
	authority := tlstest.NewAuthority(t, "authority")
	files := tlsconfig.Files{}
	files.Certificate, files.Key = authority.Issue(t).Write(t, t.TempDir())
	server, err := tlsconfig.Follow(files, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	config.TLS = server.Config
	address, stop := serveWith(t, config)
	return secure{address, stop, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}}
}

// dial opens a connection and agrees on a protocol, or on none.
func (s secure) dial(t *testing.T, protocols ...string) *tls.Conn {
	t.Helper()
	config := s.client.Clone()
	config.NextProtos = protocols
	conn := tls.Client(dial(t, s.address), config)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return conn
}

// http returns a client that speaks HTTP/2 and keeps its connection to itself.
func (s secure) http(t *testing.T) *http.Client {
	transport := &http.Transport{TLSClientConfig: s.client.Clone(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// exchange sends bytes by HTTP/1.1 and returns all that is answered until the
// server closes.
func (s secure) exchange(t *testing.T, text string) string {
	t.Helper()
	conn := s.dial(t, "http/1.1")
	if _, err := io.WriteString(conn, text); err != nil {
		t.Logf("write: %v", err)
	}
	answer, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection is kept open; answered so far:\n%s", answer)
	}
	return string(answer)
}

// secrecy answers with the protocol of a request and that of its encryption.
var secrecy = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	version := "nothing"
	if r.TLS != nil {
		version = tls.VersionName(r.TLS.Version)
	}
	_, _ = fmt.Fprintf(w, "%s over %s", r.Proto, version)
})

func TestBothVersionsOfHTTPAreServedUnderTLS(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, edge.Config{GraphQL: secrecy})
	for want, protocols := range map[string][]string{
		"HTTP/1.1 over TLS 1.3": {"http/1.1"},
		"HTTP/2.0 over TLS 1.3": {"h2", "http/1.1"},
	} {
		client := s.http(t)
		transport := client.Transport.(*http.Transport)
		transport.ForceAttemptHTTP2 = protocols[0] == "h2"
		transport.TLSClientConfig.NextProtos = protocols
		res, err := client.Get("https://" + s.address + "/graphql")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != want {
			t.Errorf("served %q, want %q", body, want)
		}
	}
	if got := s.exchange(t, "GET /graphql HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "HTTP/1.0 over TLS 1.3") {
		t.Errorf("a client without ALPN is answered %q", got)
	}
	config := s.client.Clone()
	config.NextProtos = []string{"gopher"}
	if err := tls.Client(dial(t, s.address), config).Handshake(); err == nil || !strings.Contains(err.Error(), "no application protocol") {
		t.Errorf("a client of another protocol: %v", err)
	}
}

func TestRequestsAreWatchedUnderTLS(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, edge.Config{GraphQL: echo})
	const (
		head     = "POST /graphql HTTP/1.1\r\nHost: localhost\r\n"
		good     = head + "Content-Length: 5\r\n\r\nhello"
		chunks   = "5\r\nhello\r\n0\r\n\r\n"
		smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	)
	for name, c := range map[string]struct{ text, want string }{
		"both lengths":    {good + head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + smuggled, "200 OK, 400 Bad Request"},
		"two lengths":     {good + head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + smuggled, "200 OK, 400 Bad Request"},
		"chunks":          {good + head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + smuggled, "200 OK, 200 OK"},
		"nothing of that": {good + good + strings.Replace(smuggled, "\r\n", "\r\nConnection: close\r\n", 1), "200 OK, 200 OK, 200 OK"},
	} {
		if got := strings.Join(answers(s.exchange(t, c.text)), ", "); got != c.want {
			t.Errorf("%s: answered %s, want %s", name, got, c.want)
		}
	}
}

func TestSlowHandshakesAreCutOffWhileOthersAreServed(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, edge.Config{GraphQL: echo, Timeouts: brief})
	slow := make([]net.Conn, 200)
	for i := range slow {
		slow[i] = dial(t, s.address)
		if i%2 == 0 { // the others say nothing at all
			if _, err := slow[i].Write([]byte{22, 3, 1, 2, 0, 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if res, err := s.http(t).Get("https://" + s.address + "/graphql"); err != nil {
		t.Errorf("beside %d slow handshakes: %v", len(slow), err)
	} else {
		_ = res.Body.Close()
	}
	for _, conn := range slow {
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a client that does not finish its handshake keeps its connection")
		}
	}
}

func TestTheOldestHandshakeMakesRoomForTheNewest(t *testing.T) {
	t.Parallel()
	const many = 2048 + 100
	s := serveTLS(t, edge.Config{GraphQL: echo, Timeouts: edge.Timeouts{Header: 9 * time.Second, Read: time.Minute, Write: time.Minute, Idle: time.Minute}})
	first := dial(t, s.address)
	_, _ = first.Write([]byte{22}) // so that it has arrived before the others
	for range many {
		dial(t, s.address)
	}
	if res, err := s.http(t).Get("https://" + s.address + "/graphql"); err != nil {
		t.Errorf("beside %d slow handshakes: %v", many, err)
	} else {
		_ = res.Body.Close()
	}
	_ = first.SetReadDeadline(time.Now().Add(5 * time.Second)) // before its own time is up
	if _, err := io.ReadAll(first); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the oldest handshake is still waited for")
	}
}

func TestWhoDoesNotSpeakTLSIsToldTo(t *testing.T) {
	t.Parallel()
	s := serveTLS(t, edge.Config{GraphQL: echo})
	for _, text := range []string{"GET /graphql HTTP/1.1\r\nHost: a\r\n\r\n", "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("x", 20000)} {
		conn := dial(t, s.address)
		_, _ = io.WriteString(conn, text)
		if got, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") || !strings.Contains(string(got), "https://") {
			t.Errorf("%.20q is answered %q, %v", text, got, err)
		}
	}
	if got := exchange(t, s.address, "EHLO mail.example\r\n"); strings.HasPrefix(got, "HTTP") {
		t.Errorf("a stranger is answered %q", got)
	}
}

func TestDeadlinesHoldForHTTP2(t *testing.T) {
	t.Parallel()
	reading, writing := make(chan error, 1), make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, err := io.ReadAll(r.Body)
			reading <- err
			return
		}
		var err error
		for piece := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(piece)
		}
		writing <- err
	})
	s := serveTLS(t, edge.Config{GraphQL: handler, Timeouts: brief})
	client := s.http(t)
	body, endless := io.Pipe()
	defer endless.Close() //nolint:errcheck // it never fails
	go func() {
		res, err := client.Post("https://"+s.address+"/graphql", "text/plain", body)
		if err == nil {
			_ = res.Body.Close()
		}
	}()
	res, err := client.Get("https://" + s.address + "/graphql")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing of it is read
	for name, ended := range map[string]chan error{"a body": reading, "an answer": writing} {
		select {
		case err := <-ended:
			if err == nil {
				t.Errorf("%s that does not end is taken for whole", name)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s is waited for for ever", name)
		}
	}

	idle := s.dial(t, "h2")
	_, _ = io.WriteString(idle, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	if _, err := io.ReadAll(idle); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a connection on which nothing is asked is kept")
	}
	mute := s.dial(t, "http/1.1")
	if _, err := io.ReadAll(mute); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a connection on which no request comes is kept")
	}
}

func TestClientsOfHTTP2AreToldTheirBounds(t *testing.T) {
	t.Parallel()
	conn := serveTLS(t, edge.Config{GraphQL: echo}).dial(t, "h2")
	_, _ = io.WriteString(conn, http2.ClientPreface)
	frame, err := http2.NewFramer(conn, conn).ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	settings := frame.(*http2.SettingsFrame)
	for id, most := range map[http2.SettingID]uint32{
		http2.SettingMaxConcurrentStreams: 100, http2.SettingMaxFrameSize: 16 << 10, http2.SettingMaxHeaderListSize: 65 << 10, http2.SettingInitialWindowSize: 1 << 20,
	} {
		if got, given := settings.Value(id); !given || got > most {
			t.Errorf("%v is %d, want at most %d", id, got, most)
		}
	}
}

func TestStopUnderTLSWaitsForRequestsAndEndsStreams(t *testing.T) {
	t.Parallel()
	started, finish := make(chan struct{}, 3), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, over := drain.Stream(r.Context())
		defer over()
		switch {
		case r.Header.Get("Upgrade") != "":
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			started <- struct{}{}
			<-stream.Done()
			_, _ = fmt.Fprint(conn, "bye: ", context.Cause(stream))
			_ = conn.Close()
		case r.URL.RawQuery == "stream":
			_ = http.NewResponseController(w).Flush()
			started <- struct{}{}
			<-stream.Done()
			_, _ = fmt.Fprint(w, "bye")
		default:
			started <- struct{}{}
			<-finish
			_, _ = fmt.Fprint(w, "done")
		}
	})
	patient := edge.Timeouts{Header: time.Minute, Read: time.Minute, Write: time.Minute, Idle: time.Minute}
	s := serveTLS(t, edge.Config{GraphQL: handler, Timeouts: patient})
	client, bodies := s.http(t), make(chan string, 2)
	for _, query := range []string{"", "?stream"} {
		go func() {
			res, err := client.Get("https://" + s.address + "/graphql" + query)
			if err != nil {
				bodies <- err.Error()
				return
			}
			body, err := io.ReadAll(res.Body)
			bodies <- fmt.Sprintf("%s %s %v", res.Proto, body, err)
			_ = res.Body.Close()
		}()
	}
	upgraded, silent := s.dial(t, "http/1.1"), dial(t, s.address)
	_, _ = fmt.Fprint(upgraded, "GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	for range 3 {
		<-started
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	if text, err := io.ReadAll(upgraded); err != nil || string(text) != "bye: the server is stopping" {
		t.Errorf("the connection that was taken over ends with %q, %v", text, err)
	}
	if got := <-bodies; got != "HTTP/2.0 bye <nil>" {
		t.Errorf("the stream ends with %q", got)
	}
	if _, err := io.ReadAll(silent); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a handshake outlives the server")
	}
	select {
	case err := <-stopped:
		t.Fatalf("the server stopped with a request in flight: %v", err)
	default:
	}
	close(finish)
	if got := <-bodies; got != "HTTP/2.0 done <nil>" {
		t.Errorf("the request in flight is answered %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestAnswersTellBrowsersWhatTheyAreNot(t *testing.T) {
	t.Parallel()
	plain, _ := serve(t, echo, func(context.Context) error { return nil })
	s := serveTLS(t, edge.Config{GraphQL: echo})
	ask := func(conn net.Conn, path, host string) http.Header {
		t.Helper()
		_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.Header
	}
	for _, path := range []string{"/graphql", "/", "/schema.graphql", "/readyz", "/nowhere"} {
		got := ask(dial(t, plain), path, "localhost")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got.Get(name), want)
			}
		}
	}
	for host, want := range map[string]string{"gateway.example": "max-age=31536000", "localhost": "", "127.0.0.1:8443": ""} {
		if got := ask(s.dial(t, "http/1.1"), "/graphql", host).Get("Strict-Transport-Security"); got != want {
			t.Errorf("under TLS, %s is told %q, want %q", host, got, want)
		}
		if got := ask(dial(t, plain), "/graphql", host).Get("Strict-Transport-Security"); got != "" {
			t.Errorf("without TLS, %s is told %q", host, got)
		}
	}
}

// Who takes a connection over may have to end it without a word, which only the
// connection at the bottom can.
func TestBeneathAConnectionThatWasTakenOverIsThatOfTheSystem(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close() //nolint:errcheck // nothing is left to do about it
		beneath := conn
		for around, ok := beneath.(interface{ NetConn() net.Conn }); ok; around, ok = beneath.(interface{ NetConn() net.Conn }) {
			beneath = around.NetConn()
		}
		_, _ = fmt.Fprintf(conn, "%T", beneath)
	})
	const text = "GET /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n"
	plain, _ := serve(t, handler, nil)
	if got := exchange(t, plain, text); got != "*net.TCPConn" {
		t.Errorf("beneath a plain connection is a %s", got)
	}
	if got := serveTLS(t, edge.Config{GraphQL: handler}).exchange(t, text); got != "*net.TCPConn" {
		t.Errorf("beneath a connection under TLS is a %s", got)
	}
}

func TestHTTP2HasToBeOfUse(t *testing.T) {
	t.Parallel()
	const bodies = 8 << 20 // more than may come unread
	s := serveTLS(t, edge.Config{GraphQL: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n, err)
	})})
	head := fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", bodies)
	if got, want := s.exchange(t, head+strings.Repeat("x", bodies)), fmt.Sprint(bodies, nil); !strings.HasSuffix(got, want) {
		t.Errorf("HTTP/1.1 reads a body as %q, want %s", got, want)
	}
	client := s.http(t)
	for range 2 { // on one connection
		res, err := client.Post("https://"+s.address+"/graphql", "text/plain", strings.NewReader(strings.Repeat("x", bodies)))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if want := fmt.Sprint(bodies, nil); string(got) != want {
			t.Errorf("a body is read as %s, want %s", got, want)
		}
	}

	conn := s.dial(t, "h2")
	_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	sent := 0
	for pings := []byte(strings.Repeat("\x00\x00\x08\x06\x01\x00\x00\x00\x00 answer ", 1000)); sent < 64<<20; sent += len(pings) { // of pings that nobody has sent
		if _, err := conn.Write(pings); err != nil {
			break
		}
	}
	if sent >= 64<<20 {
		t.Errorf("%d MiB of nothing are taken in", sent>>20)
	}
}
