package resolvers_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// subscribe opens a socket with one subscription on it, and returns once that
// receives events.
func subscribe(t *testing.T, g *gatewaytest.Gateway, query string) func() message {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	socket, res, err := websocket.Dial(ctx, strings.Replace(g.URL, "http", "ws", 1), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
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
