package allowance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"barograph/internal/gatewaytest"
)

type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// A socket is one with operations on it.
type socket struct {
	t        *testing.T
	conn     *websocket.Conn
	messages chan message // but for pings, until it is closed
}

func dial(t *testing.T, g *gatewaytest.Gateway) *socket {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(g.URL, "http", "ws", 1), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}) //nolint:bodyclose // the connection's
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{t, conn, make(chan message, 1000)}
	go func() {
		defer close(s.messages)
		for {
			var m message
			if err := wsjson.Read(t.Context(), conn, &m); err != nil {
				return
			}
			if m.Type != "ping" {
				s.messages <- m
			}
		}
	}()
	t.Cleanup(func() {
		_ = conn.CloseNow()
		for range s.messages { // until the reader has ended
		}
	})
	s.say(message{Type: "connection_init"})
	if m := s.hear(); m.Type != "connection_ack" {
		t.Fatalf("answered %+v", m)
	}
	return s
}

func (s *socket) say(m message) {
	s.t.Helper()
	if err := wsjson.Write(s.t.Context(), s.conn, m); err != nil {
		s.t.Fatal(err)
	}
}

// hear returns the next message.
func (s *socket) hear() message {
	s.t.Helper()
	select {
	case m, open := <-s.messages:
		if !open {
			s.t.Fatal("the socket is closed")
		}
		return m
	case <-time.After(20 * time.Second):
		s.t.Fatal("nothing is heard")
		return message{}
	}
}

func (s *socket) subscribe(id, query string) {
	s.t.Helper()
	payload, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		s.t.Fatal(err)
	}
	s.say(message{ID: id, Type: "subscribe", Payload: payload})
}

// begins subscribes, and waits for the first event.
func (s *socket) begins(id, query string) {
	s.t.Helper()
	s.subscribe(id, query)
	for m := s.hear(); ; m = s.hear() {
		if m.ID == id && m.Type == "next" {
			return
		}
		if m.Type == "error" {
			s.t.Fatalf("%s is answered %+v", query, m)
		}
	}
}

// until subscribes until it may.
func (s *socket) until(what, query string) {
	s.t.Helper()
	for range 1000 {
		s.subscribe("until", query)
		for m := s.hear(); m.Type != "error"; m = s.hear() {
			if m.ID == "until" && m.Type == "next" {
				return
			}
		}
		<-time.After(5 * time.Millisecond)
	}
	s.t.Fatalf("in vain: %s", what)
}
