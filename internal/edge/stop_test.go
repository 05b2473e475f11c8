package edge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"barograph/internal/drain"
	"barograph/internal/edge"
)

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
