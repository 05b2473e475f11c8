package edge_test

import (
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
