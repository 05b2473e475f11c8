package edge_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/edge"
)

// brief are timeouts that a test can wait for.
var brief = edge.Timeouts{Header: 200 * time.Millisecond, Read: 400 * time.Millisecond, Write: 400 * time.Millisecond, Idle: time.Second}

// echo answers with the body, or 400 where it cannot be read.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, "%s %q\n", r.URL.Path, body)
})

// exchange sends bytes and returns all that is answered until the server closes.
func exchange(t *testing.T, address, text string) string {
	t.Helper()
	conn := dial(t, address)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Logf("write: %v", err) // refused before all was sent
	}
	answer, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection is kept open; answered so far:\n%s", answer)
	}
	return string(answer)
}

// answers returns the status lines in what a server answered.
func answers(text string) (statuses []string) {
	for line := range strings.Lines(text) {
		if version, status, _ := strings.Cut(line, " "); strings.HasPrefix(version, "HTTP/1.") {
			statuses = append(statuses, strings.TrimSpace(status))
		}
	}
	return statuses
}

func TestSlowHeadersAreCutOffWhileOthersAreServed(t *testing.T) {
	t.Parallel()
	address, _ := serveWith(t, edge.Config{GraphQL: echo, Timeouts: brief})
	slow := make([]net.Conn, 200)
	for i := range slow {
		slow[i] = dial(t, address)
		if _, err := io.WriteString(slow[i], "POST /graphql HTTP/1.1\r\nHost: localhost\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	if status, _ := request(t, address, "GET /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n"); status != "200 OK" {
		t.Errorf("beside %d slow clients, another is answered %s", len(slow), status)
	}
	for _, conn := range slow {
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a client that does not finish its headers keeps its connection")
		}
	}
}

func TestASlowBodyIsCutOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		ended <- err
		http.Error(w, "unreadable", http.StatusBadRequest)
	})
	address, _ := serveWith(t, edge.Config{GraphQL: handler, Timeouts: brief})
	got := exchange(t, address, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the body ends with %v, want a deadline", err)
	}
	if s := answers(got); len(s) > 1 {
		t.Errorf("answered %q", s)
	}
}

func TestASlowReaderIsCutOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for piece := make([]byte, 1<<20); err == nil; { // until the client's buffers and ours are full, and the time is up
			_, err = w.Write(piece)
		}
		ended <- err
	})
	address, _ := serveWith(t, edge.Config{GraphQL: handler, Timeouts: brief})
	conn := dial(t, address)
	if _, err := io.WriteString(conn, "GET /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the answer ends with %v, want a deadline", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a client that reads nothing is waited for")
	}
}

func TestAStreamOutlivesTheTimeouts(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream := http.NewResponseController(w)
		if err := errors.Join(stream.SetReadDeadline(time.Time{}), stream.SetWriteDeadline(time.Time{}), stream.Flush()); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			_, _ = fmt.Fprint(w, "canceled")
		case <-time.After(2 * (brief.Read + brief.Write)):
			_, _ = fmt.Fprint(w, "whole")
		}
	})
	address, _ := serveWith(t, edge.Config{GraphQL: handler, Timeouts: brief, CORS: edge.CORS{Origins: []string{"https://app.example"}}})
	for _, method := range []string{"GET", "POST"} {
		if _, body := request(t, address, method+" /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"); body != "whole" {
			t.Errorf("a stream by %s ends with %q", method, body)
		}
	}
}

// Each of these says in two ways where its body ends, or in none that is sure.
// Behind it stands a request that must never be answered.
func TestRequestsOfDoubtfulLengthAreRefusedAndTheConnectionIsClosed(t *testing.T) {
	t.Parallel()
	const (
		head     = "POST /graphql HTTP/1.1\r\nHost: localhost\r\n"
		smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
		chunks   = "5\r\nhello\r\n0\r\n\r\n"
	)
	address, _ := serve(t, echo, nil)
	for name, text := range map[string]string{
		"both, the length first":       head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
		"both, the length last":        head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunks,
		"both, and agreed":             head + "Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n" + chunks,
		"both, the length zero":        head + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + chunks,
		"both, in another case":        head + "transfer-ENCODING: Chunked\r\nCONTENT-length: 4\r\n\r\n" + chunks,
		"both, on lines that go on":    head + "Transfer-Encoding:\r\n chunked\r\nContent-Length:\r\n\t4\r\n\r\n" + chunks,
		"both, with bare line feeds":   strings.ReplaceAll(head+"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", "\r", "") + chunks,
		"both, in HTTP/1.0":            "POST /graphql HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
		"both, behind a header's rest": head + "X: a\r\n Content-Length: 400\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
		"two lengths":                  head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"a length with a sign":         head + "Content-Length: +5\r\n\r\nhello",
		"a length that is a list":      head + "Content-Length: 5, 5\r\n\r\nhello",
		"a negative length":            head + "Content-Length: -1\r\n\r\n",
		"an unknown coding":            head + "Transfer-Encoding: xchunked\r\n\r\n" + chunks,
		"two codings":                  head + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks,
		"a coding twice":               head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
		"a space before the colon":     head + "Transfer-Encoding : chunked\r\n\r\n" + chunks,
		"a tab in the coding":          head + "Transfer-Encoding: \vchunked\r\n\r\n" + chunks,
		"a chunk with a bare feed":     head + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
		"a huge extension of a chunk":  head + "Transfer-Encoding: chunked\r\n\r\n5;" + strings.Repeat("x", 100<<10) + "\r\nhello\r\n0\r\n\r\n",
		"a chunk's size beyond sense":  head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := answers(exchange(t, address, text+smuggled))
			if len(got) != 1 || !strings.HasPrefix(got[0], "400") && !strings.HasPrefix(got[0], "501") {
				t.Errorf("answered %q, want 400 alone", got)
			}
			// The same behind a request in good order, in one packet.
			good := head + "Content-Length: 5\r\n\r\nhello"
			got = answers(exchange(t, address, good+text+smuggled))
			if len(got) != 2 || got[0] != "200 OK" || !strings.HasPrefix(got[1], "400") && !strings.HasPrefix(got[1], "501") {
				t.Errorf("behind another, answered %q, want 200 and 400", got)
			}
		})
	}
}

func TestNothingIsServedBehindARequestInChunks(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, echo, nil)
	const chunked = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	got := exchange(t, address, chunked+"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if s := answers(got); len(s) != 1 || s[0] != "200 OK" || !strings.Contains(got, `"hello"`) || !strings.Contains(got, "Connection: close") {
		t.Errorf("answered\n%s\nwant one answer, and the end", got)
	}
}

func TestAConnectionServesRequestsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, echo, nil)
	var text, want strings.Builder
	for i := range 50 { // in one packet and, by its size, in several reads
		body := strings.Repeat("\r\n\r\n", i) + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
		_, _ = fmt.Fprintf(&text, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s\r\n", len(body), body) // and a line end behind, as old clients send
		_, _ = fmt.Fprint(&text, "GET /graphql HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		want.WriteString("200 OK 200 OK 200 OK ")
	}
	text.WriteString("GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	want.WriteString("404 Not Found")
	if got := strings.Join(answers(exchange(t, address, text.String())), " "); got != want.String() {
		t.Errorf("answered %s", got)
	}
}

func TestRequestsForAnotherServerAreRefused(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	address, _ := serveWith(t, edge.Config{GraphQL: handler, Hosts: []string{"gateway.example"}})
	for text, want := range map[string]string{
		"GET /graphql HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n":                  "400 Bad Request",
		"GET /graphql HTTP/1.1\r\n":                                                        "400 Bad Request",
		"GET http://evil.example/graphql HTTP/1.1\r\nHost: localhost\r\n":                  "400 Bad Request",
		"GET http://localhost/graphql HTTP/1.1\r\nHost: evil.example\r\n":                  "400 Bad Request",
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n":                  "400 Bad Request",
		"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n":                                        "400 Bad Request",
		"GET /graphql HTTP/1.1\r\nHost: evil.example\r\n":                                  "403 Forbidden",
		"GET /graphql HTTP/1.1\r\nHost: evil.example:8080\r\n":                             "403 Forbidden",
		"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n":                               "403 Forbidden",
		"GET /graphql HTTP/1.1\r\nHost: localhost:1\r\nX-Forwarded-Host: evil.example\r\n": "200 OK",
		"GET /graphql HTTP/1.1\r\nHost: app.localhost\r\n":                                 "200 OK",
		"GET /graphql HTTP/1.1\r\nHost: [::1]:8080\r\n":                                    "200 OK",
		"GET /graphql HTTP/1.1\r\nHost: gateway.example\r\n":                               "200 OK",
		"GET /graphql HTTP/1.1\r\nHost: gateway.example:8080\r\n":                          "200 OK",
		"GET /graphql HTTP/1.0\r\n":                                                        "200 OK",
	} {
		conn := dial(t, address)
		if _, err := io.WriteString(conn, text+"\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		_ = res.Body.Close()
		if !strings.HasPrefix(res.Status, want) {
			t.Errorf("%q is answered %s, want %s", text, res.Status, want)
		}
	}
	if got := reached.Load(); got != 6 {
		t.Errorf("%d requests reached the handler, want 6", got)
	}
}
