package attacks_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestConnectionsThatHurtAreEnded tries what can be done below GraphQL.
func TestConnectionsThatHurtAreEnded(t *testing.T) {
	t.Parallel()
	const (
		body    = `{"query":"{ __typename }"}`
		headers = "Host: localhost\r\nContent-Type: application/json\r\n"
		post    = "POST /graphql HTTP/1.1\r\n" + headers
	)
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	smuggled := "GET /schema.graphql HTTP/1.1\r\nHost: localhost\r\n\r\n"

	// closes checks that text is answered with one refusal and the end of the
	// connection.
	closes := func(t *testing.T, g *gateway, name, text string) {
		t.Helper()
		got, closed := g.raw(t, text, 10*time.Second)
		refused := strings.HasPrefix(got, "HTTP/1.1 400") || strings.HasPrefix(got, "HTTP/1.1 501")
		if !refused || strings.Count(got, "HTTP/1.1 ") != 1 || !closed {
			t.Errorf("%s is answered %.300q, closed %v; want one refusal and the end", name, got, closed)
		}
	}
	try(t, start(t), []attack{
		{id: "A067", name: "slow headers", run: func(t *testing.T, g *gateway) {
			var group sync.WaitGroup
			for i := range 200 {
				conn := g.dial(t)
				_, _ = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: a\r\n")
				if i%2 == 0 { // the others say nothing more
					drip(t, conn, "X-Slow: 1\r\n")
				}
				group.Go(func() {
					_ = conn.SetReadDeadline(time.Now().Add(8 * time.Second))
					if _, err := io.ReadAll(conn); timedOut(err) {
						t.Error("a connection without the end of its headers is still open after 8s")
					}
				})
			}
			if got := g.ask(t, "{ __typename }"); got.took > time.Second {
				t.Errorf("meanwhile another is answered %s", got)
			}
			group.Wait()
		}},
		{id: "A068", name: "slow body", slow: true, run: func(t *testing.T, g *gateway) {
			conn := g.dial(t)
			_, _ = io.WriteString(conn, post+"Content-Length: 1000\r\n\r\n")
			drip(t, conn, " ")
			_ = conn.SetReadDeadline(time.Now().Add(40 * time.Second))
			if _, err := io.ReadAll(conn); timedOut(err) {
				t.Error("a body at one byte a second is still being read after 40s")
			}
		}},
		{id: "A069", name: "slow reader", slow: true, run: func(t *testing.T, g *gateway) {
			conn := g.dial(t)
			_ = conn.SetReadBuffer(4 << 10)
			_, _ = io.WriteString(conn, strings.Repeat("GET /schema.graphql HTTP/1.1\r\nHost: localhost\r\n\r\n", 2000))
			// Nothing is read: the answers fill the buffers, and the gateway must not
			// write for ever. Its deadline ends the connection, so that one day a write
			// of ours fails.
			_ = conn.SetWriteDeadline(time.Now().Add(90 * time.Second))
			var err error
			for err == nil {
				_, err = io.WriteString(conn, smuggled)
			}
			if timedOut(err) {
				t.Error("a client that reads nothing is still connected after 90s")
			}
		}},
		{id: "A070", name: "CL+TE", run: func(t *testing.T, g *gateway) {
			closes(t, g, "both lengths", post+length+"Transfer-Encoding: chunked\r\n\r\n"+chunked+smuggled)
			closes(t, g, "both lengths that disagree", post+"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"+chunked+smuggled)
			closes(t, g, "two lengths", post+length+"Content-Length: 4\r\n\r\n"+body+smuggled)
		}},
		{id: "A072", name: "odd transfer encodings", run: func(t *testing.T, g *gateway) {
			for _, encoding := range []string{"Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"} {
				closes(t, g, encoding, post+encoding+"\r\n\r\n"+chunked+smuggled)
			}
		}},
		{id: "A073", name: "bare LF and huge chunk extension", run: func(t *testing.T, g *gateway) {
			for name, chunks := range map[string]string{
				"a bare LF":        fmt.Sprintf("%x\n%s\n0\n\n", len(body), body),
				"a huge extension": fmt.Sprintf("%x;%s\r\n%s\r\n0\r\n\r\n", len(body), strings.Repeat("x", 100_000), body),
			} {
				closes(t, g, name, post+"Transfer-Encoding: chunked\r\n\r\n"+chunks+smuggled)
			}
		}},
		{id: "A075", name: "two Host headers, absolute URI", run: func(t *testing.T, g *gateway) {
			closes(t, g, "two hosts", "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
			for name, text := range map[string]string{
				"an absolute URI": "GET http://evil.example/graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
				"another host":    "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
			} {
				if got, _ := g.raw(t, text, 10*time.Second); strings.HasPrefix(got, "HTTP/1.1 200") || strings.Contains(got, "evil") {
					t.Errorf("%s is answered %.300q, want a refusal", name, got)
				}
			}
		}},
	})
}

// drip sends a text each second until the test ends.
func drip(t *testing.T, conn io.Writer, text string) {
	t.Helper()
	var dripping sync.WaitGroup
	dripping.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-t.Context().Done():
				return
			case <-tick.C:
				_, _ = io.WriteString(conn, text) // it may have been ended
			}
		}
	})
	t.Cleanup(dripping.Wait)
}

// timedOut reports whether err is a deadline that passed.
func timedOut(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}
