package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	initMessage  = `{"type":"connection_init"}`
	watchMessage = `{"id":"1","type":"subscribe","payload":{"query":"subscription { recordChanged { record { id } } }"}}`
)

// socket opens a socket, says something, and returns it.
func (g *gateway) socket(t *testing.T, subprotocol string, messages ...string) *websocket.Conn {
	t.Helper()
	conn, res, err := websocket.Dial(t.Context(), g.url+"/graphql", &websocket.DialOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	for _, message := range messages {
		_ = conn.Write(t.Context(), websocket.MessageText, []byte(message)) // it may have been closed
	}
	return conn
}

// heard returns what a socket says until it says what is wanted or closes.
func heard(t *testing.T, conn *websocket.Conn, want string) (all string, closed websocket.CloseError) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for want == "" || !strings.Contains(all, want) {
		_, text, err := conn.Read(ctx)
		if err != nil {
			if !errors.As(err, &closed) {
				t.Errorf("the socket ends without a word: %v", err)
			}
			break
		}
		all += string(text) + "\n"
	}
	return all, closed
}

func TestSocketsSpeakEveryCloseCode(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"), "--websocket-message-rate", "50")
	for name, c := range map[string]struct {
		subprotocol string
		messages    []string
		code        websocket.StatusCode
		reason      string
	}{
		"no message":              {"", []string{initMessage, `hunter2`}, 4400, "Invalid message received"},
		"an unknown type":         {"", []string{`{"type":"bogus"}`}, 4400, "Invalid message received"},
		"subscribed too early":    {"", []string{watchMessage}, 4401, "Unauthorized"},
		"another subprotocol":     {"graphql-ws", nil, 4406, "Subprotocol not acceptable"},
		"silence":                 {"", nil, 4408, "Connection initialisation timeout"},
		"an id twice":             {"", []string{initMessage, watchMessage, watchMessage}, 4409, "Subscriber for 1 already exists"},
		"initialised twice":       {"", []string{initMessage, initMessage}, 4429, "Too many initialisation requests"},
		"a message of 2 MiB":      {"", []string{initMessage, strings.Repeat(" ", 2<<20)}, 1009, "Message too big"},
		"a thousand pings a time": {"", append([]string{initMessage}, strings.Split(strings.Repeat(`{"type":"ping"};`, 1000), ";")[:1000]...), 1008, "Too many messages"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.subprotocol == "" {
				c.subprotocol = "graphql-transport-ws"
			}
			conn := g.socket(t, c.subprotocol)
			go func() {
				for _, message := range c.messages {
					_ = conn.Write(t.Context(), websocket.MessageText, []byte(message))
				}
			}()
			if _, closed := heard(t, conn, ""); closed.Code != c.code || closed.Reason != c.reason {
				t.Errorf("closed with %d %q, want %d %q", closed.Code, closed.Reason, c.code, c.reason)
			}
		})
	}
}

// A098: what HTTP refuses, a socket refuses.
func TestSocketsHaveTheLimitsOfHTTP(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"))
	huge := "{" + strings.Repeat(" __typename", 3000) + "}"
	overHTTP, err := g.ask(t.Context(), huge, nil)
	if err != nil || len(overHTTP.Errors) == 0 {
		t.Fatalf("HTTP answers %+v, %v, want an error", overHTTP, err)
	}
	conn := g.socket(t, "graphql-transport-ws", initMessage, fmt.Sprintf(`{"id":"1","type":"subscribe","payload":{"query":%q}}`, huge))
	want := fmt.Sprintf(`"code":%q`, overHTTP.Errors[0].Extensions.Code)
	if all, _ := heard(t, conn, want); !strings.Contains(all, `"type":"error"`) || strings.Contains(all, `"next"`) {
		t.Errorf("a socket answers %s, want an error with %s", all, want)
	}
}

func TestSocketsGoAwayWithTheServer(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"))
	closed := make(chan time.Duration, 20)
	var stopped time.Time
	begin := make(chan struct{})
	for range cap(closed) {
		conn := g.socket(t, "graphql-transport-ws", initMessage, watchMessage, `{"type":"ping"}`)
		_, _ = heard(t, conn, `"pong"`)
		go func() {
			<-begin
			if _, how := heard(t, conn, ""); how.Code != websocket.StatusGoingAway || how.Reason != "Going away" {
				t.Errorf("closed with %d %q, want 1001", how.Code, how.Reason)
			}
			closed <- time.Since(stopped)
		}()
	}
	stopped = time.Now()
	close(begin)
	g.signal(t, syscall.SIGTERM)
	first := <-closed
	last := first
	for range cap(closed) - 1 {
		last = max(last, <-closed)
	}
	if last > 10*time.Second || last-first < 500*time.Millisecond {
		t.Errorf("they close from %s to %s, want some seconds between", first, last)
	}
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d, want 0; it printed:\n%s", code, g.out)
	}
}
