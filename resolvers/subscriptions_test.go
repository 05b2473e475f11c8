package resolvers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"barograph/graph/stream"
	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/internal/gatewaytest"
	"barograph/records"
	"barograph/resolvers"
)

type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// dial opens a socket that closes with the test.
func dial(t *testing.T, g *gatewaytest.Gateway) *websocket.Conn {
	t.Helper()
	socket, res, err := websocket.Dial(t.Context(), strings.Replace(g.URL, "http", "ws", 1), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: g.Header()})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	return socket
}

// open opens a socket with one subscription on it, and returns what reads the
// next message about that.
func open(t *testing.T, g *gatewaytest.Gateway, query string) func() message {
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
	return read
}

// subscribe opens a subscription and returns once it receives events.
func subscribe(t *testing.T, g *gatewaytest.Gateway, query string) func() message {
	t.Helper()
	read := open(t, g, query)
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

// A recordChange is what a subscription is told.
type recordChange struct {
	Data struct {
		RecordChanged struct {
			Cursor string
			Record struct{ PayloadID string }
		}
	}
	Errors []gatewaytest.Error
}

func changeIn(t *testing.T, m message) (c recordChange) {
	t.Helper()
	if err := json.Unmarshal(m.Payload, &c); err != nil || m.Type != "next" {
		t.Fatalf("message = %+v, %v", m, err)
	}
	return c
}

func TestRecordChangedResumesAfterACursor(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	const events = `subscription { recordChanged%s { cursor record { payloadId } } }`
	live := subscribe(t, g, fmt.Sprintf(events, ""))
	process(t, g, map[string]any{"id": "a"})
	cursor := changeIn(t, live()).Data.RecordChanged.Cursor
	for _, id := range []string{"b", "c"} {
		process(t, g, map[string]any{"id": id})
	}
	resumed := open(t, g, fmt.Sprintf(events, fmt.Sprintf(`(after: %q)`, cursor)))
	process(t, g, map[string]any{"id": "d"})
	for _, want := range []string{"b", "c", "d"} {
		a, b := changeIn(t, live()).Data.RecordChanged, changeIn(t, resumed()).Data.RecordChanged
		if a != b || a.Record.PayloadID != want {
			t.Errorf("the events are %+v and %+v, want both to be of %s", a, b, want)
		}
	}
}

func TestRecordChangedIsResumedByTheLastEventIDOfItsStream(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	feed := records.NewFeed(g.Base)
	running, stop := context.WithCancel(t.Context())
	var runs sync.WaitGroup
	runs.Go(func() { _ = feed.Run(running) })
	defer runs.Wait()
	defer stop()
	// resume returns the events of a subscription, as a transport gets them.
	resume := func(ctx context.Context, after *string) (<-chan *wire.RecordEvent, error) {
		return (&resolvers.Root{Feed: feed}).Subscription().RecordChanged(ctx, nil, nil, after)
	}
	leave, leaving := context.WithCancel(t.Context())
	ctx, first := stream.New(leave, "")
	events, err := resume(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	process(t, g, map[string]any{"id": "a"})
	a := <-events
	if id := first.EventID(); id != a.Cursor || id == "" {
		t.Errorf("the event is called %q, want its cursor %q", id, a.Cursor)
	}
	leaving()
	for range events {
	}
	if err := first.Err(); err != nil {
		t.Errorf("Err = %v after the client left", err)
	}
	process(t, g, map[string]any{"id": "b"})
	process(t, g, map[string]any{"id": "c"})

	ctx, second := stream.New(t.Context(), a.Cursor)
	if events, err = resume(ctx, nil); err != nil {
		t.Fatal(err)
	}
	b := <-events
	if b.Record.PayloadID != "b" || second.EventID() != b.Cursor {
		t.Errorf("the stream was resumed with %s", b.Record.PayloadID)
	}
	ctx, _ = stream.New(t.Context(), a.Cursor)
	given, err := resume(ctx, &b.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	if c := <-given; c.Record.PayloadID != "c" {
		t.Errorf("the argument resumed with %s, want it to count more than the stream's", c.Record.PayloadID)
	}
	stop()
	for range events { // until it ends
	}
	if err := second.Err(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Err = %v after the feed stopped, want %s", err, fault.Unavailable.Code())
	}
	ctx, _ = stream.New(t.Context(), "no cursor")
	if _, err := resume(ctx, nil); fault.KindOf(err) != fault.BadInput {
		t.Errorf("a stream with a bad Last-Event-ID: %v, want %s", err, fault.BadInput.Code())
	}
}

func TestRecordChangedRefusesCursorsItCannotResumeFrom(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for name, cursor := range map[string]string{
		"no cursor":                       "x",
		"a record's":                      "cjoxNzk1Mzg2MjA1MzcwMjk1OjE",
		"of another database":             wire.EventCursor(records.Bookmark{Epoch: 7, Transaction: 1000, Position: 1}),
		"of another database, far beyond": wire.EventCursor(records.Bookmark{Epoch: math.MaxUint64, Transaction: math.MaxUint64, Position: math.MaxInt64}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket := dial(t, g)
			payload, err := json.Marshal(map[string]any{"query": `subscription ($c: String) { recordChanged(after: $c) { cursor } }`, "variables": map[string]any{"c": cursor}})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []message{{Type: "connection_init"}, {ID: "1", Type: "subscribe", Payload: payload}} {
				if err := wsjson.Write(t.Context(), socket, m); err != nil {
					t.Fatal(err)
				}
			}
			for {
				var m message
				if err := wsjson.Read(t.Context(), socket, &m); err != nil {
					t.Fatal(err)
				}
				if m.ID == "1" {
					if !strings.Contains(string(m.Payload), `"BAD_USER_INPUT"`) {
						t.Errorf("answered %s %s, want BAD_USER_INPUT", m.Type, m.Payload)
					}
					return
				}
			}
		})
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
