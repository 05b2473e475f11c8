package resolvers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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

// dial opens a socket that closes with the test.
func dial(t *testing.T, g *gatewaytest.Gateway) *websocket.Conn {
	t.Helper()
	socket, res, err := websocket.Dial(t.Context(), strings.Replace(g.URL, "http", "ws", 1), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	return socket
}

// subscribe opens a socket with one subscription on it, and returns once that
// receives events.
func subscribe(t *testing.T, g *gatewaytest.Gateway, query string) func() message {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	socket := dial(t, g)
	write := func(m message) {
		t.Helper()
		if err := wsjson.Write(ctx, socket, m); err != nil {
			t.Fatal(err)
		}
	}
	read := func() message {
		t.Helper()
		for {
			var m message
			if err := wsjson.Read(ctx, socket, &m); err != nil {
				t.Fatalf("read message: %v", err)
			}
			if m.Type != "ping" && m.Type != "pong" {
				return m
			}
		}
	}
	write(message{Type: "connection_init"})
	if m := read(); m.Type != "connection_ack" {
		t.Fatalf("message = %+v, want connection_ack", m)
	}
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	write(message{ID: "1", Type: "subscribe", Payload: body})
	// Nothing says when the subscription stands; so records are made until one
	// arrives, and what arrives of them later is passed over.
	first := make(chan struct{})
	go func() {
		defer close(first)
		read()
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		process(t, g, map[string]any{"id": fmt.Sprint("probe", i)})
		select {
		case <-first:
			return func() message {
				for {
					if m := read(); !strings.Contains(string(m.Payload), `"probe`) {
						return m
					}
				}
			}
		case <-tick.C:
		}
	}
}

func TestRecordChangedTellsOfEachRecord(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	next := subscribe(t, g, `subscription { recordChanged { record { payloadId state pipeline { name } city { name weather { current { temperature } } } } } }`)
	process(t, g, map[string]any{"id": "a", "city": "Lima"})
	process(t, g, map[string]any{"id": "a", "city": "Lima"}) // no change
	process(t, g, map[string]any{"id": "b"})
	for _, want := range []string{"a", "b"} {
		var got struct {
			Data struct {
				RecordChanged struct {
					Record struct {
						PayloadID, State string
						Pipeline         struct{ Name string }
						City             *struct {
							Weather struct {
								Current struct{ Temperature *float64 }
							}
						}
					}
				}
			}
		}
		m := next()
		if err := json.Unmarshal(m.Payload, &got); err != nil || m.Type != "next" {
			t.Fatalf("message = %+v, %v", m, err)
		}
		r := got.Data.RecordChanged.Record
		if r.PayloadID != want || r.State != "PROCESSED" || r.Pipeline.Name != "default" {
			t.Errorf("event = %+v, want %s", r, want)
		}
		if want == "a" && (r.City == nil || r.City.Weather.Current.Temperature == nil) {
			t.Errorf("event = %s, want the weather of its city", m.Payload)
		}
	}
}

func TestASocketTakesNoPayloadThatHTTPRefuses(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for name, text := range map[string]string{
		"duplicate names":  `{"id":"1","type":"subscribe","payload":{"query":"{ __typename }","variables":{"p":1,"p":2}}}`,
		"a lone surrogate": `{"id":"1","type":"subscribe","payload":{"query":"{ __typename }","variables":{"p":"\ud800"}}}`,
		"no JSON":          `hello`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket := dial(t, g)
			if err := wsjson.Write(t.Context(), socket, message{Type: "connection_init"}); err != nil {
				t.Fatal(err)
			}
			if err := socket.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			for {
				if _, _, err := socket.Read(t.Context()); err != nil {
					if websocket.CloseStatus(err) != 4400 {
						t.Errorf("the socket ends with %v, want 4400", err)
					}
					return
				}
			}
		})
	}
}

func TestHandshakesThatAreRefusedAreToldWhy(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	for name, c := range map[string]struct {
		header map[string]string
		status int
		want   string
	}{
		"another protocol": {map[string]string{"Connection": "Upgrade", "Upgrade": "h2c"}, http.StatusOK, `"__typename":"Query"`},
		"another origin":   {map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key, "Sec-WebSocket-Protocol": "graphql-transport-ws", "Origin": "https://evil.example"}, http.StatusForbidden, "BAD_REQUEST"},
		"half a handshake": {map[string]string{"Connection": "Upgrade", "Upgrade": "websocket"}, http.StatusBadRequest, "BAD_REQUEST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"?query=%7B__typename%7D", nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range c.header {
				req.Header.Set(name, value)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != c.status || !strings.Contains(string(body), c.want) {
				t.Errorf("answered %d %s, %v; want %d with %s", res.StatusCode, body, err, c.status, c.want)
			}
		})
	}
}
