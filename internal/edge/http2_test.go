package edge_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"barograph/internal/edge"
)

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
