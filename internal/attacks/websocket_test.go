package attacks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const handshake = "GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"

// TestSocketsThatHurtAreClosed tries what can be done over a WebSocket.
func TestSocketsThatHurtAreClosed(t *testing.T) {
	t.Parallel()
	try(t, start(t), []attack{
		{id: "A087", name: "cross-site websocket hijacking", run: refusesOrigin("https://evil.example")},
		{id: "A088", name: "Origin null", run: refusesOrigin("null")},
		{id: "A092", name: "duplicate subscription id", run: func(t *testing.T, g *gateway) {
			s := g.socket(t)
			s.send(t, subscribe("1", "subscription { recordChanged { record { id } } }"))
			s.send(t, subscribe("1", "subscription { recordChanged { record { id } } }"))
			s.closes(t, 4409)
		}},
		{id: "A093", name: "malformed message", run: func(t *testing.T, g *gateway) {
			for _, text := range []string{`{"type":"bogus"}`, "no JSON", `{"type":"subscribe","id":1}`, `[]`, `{"id":"1","type":"subscribe","payload":{"query":"{a}","query":"{b}"}}`, "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"} {
				s := g.socket(t)
				s.send(t, text)
				if reason := s.closes(t, 4400); strings.Contains(reason, "bogus") {
					t.Errorf("the reason %q echoes the message", reason)
				}
			}
			s := g.socket(t)
			if err := s.conn.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"ping"}`)); err != nil {
				t.Fatal(err)
			}
			s.closes(t, 4400)
		}},
		{id: "A095", name: "2000 subscriptions on one connection", run: func(t *testing.T, g *gateway) {
			s := g.socket(t)
			refused := 0
			for i := range 2000 {
				if s.conn.Write(t.Context(), websocket.MessageText, []byte(subscribe(fmt.Sprint(i), "subscription { recordChanged { record { id } } }"))) != nil {
					break // closed for the flood of messages, at the latest
				}
			}
			for {
				m, err := s.next(t)
				if err != nil {
					if refused == 0 && websocket.CloseStatus(err) == -1 {
						t.Errorf("2000 subscriptions end with %v, want refusals or a close code", err)
					}
					return
				}
				if m.Type == "error" {
					if refused++; !strings.Contains(string(m.Payload), limited) {
						t.Fatalf("a subscription too many is answered %s, want %s", m.Payload, limited)
					}
					if refused == 100 {
						return
					}
				}
			}
		}},
		{id: "A097", name: "message flood", run: func(t *testing.T, g *gateway) {
			s := g.socket(t)
			for range 100_000 {
				if s.conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping"}`)) != nil {
					break
				}
			}
			s.closes(t, 4429, websocket.StatusPolicyViolation)
		}},
		{id: "A098", name: "operations over a socket skip the cost limit", run: func(t *testing.T, g *gateway) {
			s := g.socket(t)
			s.send(t, subscribe("1", "{ records(first: 1000) { nodes { city { records(first: 1000) { nodes { id } } } } } }"))
			if m, err := s.next(t); err != nil || m.Type != "error" || !strings.Contains(string(m.Payload), limited) {
				t.Errorf("answered %+v, %v; want an error with %s", m, err, limited)
			}
			s.send(t, subscribe("2", "{ __typename"+strings.Repeat(" @aa", 20_000)+" }"))
			if m, err := s.next(t); err != nil || m.Type != "error" || len(m.Payload) > 2000 {
				t.Errorf("answered %.300s, %v; want a small error", m.Payload, err)
			}
		}},
		{id: "A101", name: "fragmented frames never finished", run: func(t *testing.T, g *gateway) {
			conn := g.dial(t)
			_ = conn.SetDeadline(time.Now().Add(90 * time.Second))
			if _, err := io.WriteString(conn, handshake+"\r\n"); err != nil {
				t.Fatal(err)
			}
			frame := append([]byte{0x00, 0x80 | 125, 0, 0, 0, 0}, make([]byte, 125)...) // a continuation of 125 bytes, masked with zeros
			first := append([]byte{}, frame...)
			first[0] = 0x01
			_, err := conn.Write(first)
			began := time.Now()
			for err == nil && time.Since(began) < time.Minute { // it says goodbye, and waits a little for an answer
				_, err = conn.Write(frame)
			}
			if err == nil || timedOut(err) {
				t.Error("a message without an end is still taken after a minute")
			}
		}},
		{id: "A102", name: "slow consumer", run: func(t *testing.T, g *gateway) {
			slow, quickly := g.socket(t), g.socket(t)
			const document = "subscription { recordChanged { record { id payload } } }"
			slow.send(t, subscribe("1", document))
			quickly.send(t, subscribe("1", document))
			quickly.awaitEvent(t, g)
			before := g.peakMemory(t)
			padding := strings.Repeat("x", 100_000)
			for i := range 150 { // 15 MB that nobody takes
				got := g.ask(t, `mutation ($p: JSON!) { processPayload(input: { payload: $p }) { record { id } } }`, map[string]any{"p": map[string]any{"id": fmt.Sprint("slow", i), "x": padding}})
				if got.status != http.StatusOK || got.took > 2*time.Second {
					t.Fatalf("beside a slow subscriber, a payload is answered %.200s", got)
				}
				for { // the other one gets them all, in time
					m, err := quickly.next(t)
					if err != nil {
						t.Fatalf("the quick subscriber ends with %v", err)
					}
					if strings.Contains(string(m.Payload), fmt.Sprintf(`slow%d"`, i)) {
						break
					}
				}
			}
			if grown := g.peakMemory(t) - before; grown > 200 {
				t.Errorf("a slow subscriber made the process %d MiB bigger", grown)
			}
			for {
				if _, err := slow.next(t); err != nil {
					return // cut off, or told so
				}
			}
		}},
		{id: "A106", name: "SSE: Last-Event-ID of another pipeline", run: func(t *testing.T, g *gateway) {
			for _, name := range []string{"own", "foreign"} {
				g.ask(t, `mutation ($n: String!) { createPipeline(input: { name: $n }) { problems { code } } }`, map[string]any{"n": name})
			}
			events := func(pipeline, after string, want string) string {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				return g.eventStream(ctx, t, pipeline, after, want)
			}
			process := func(pipeline, id string) {
				g.ask(t, `mutation ($i: ProcessPayloadInput!) { processPayload(input: $i) { problems { code } } }`,
					map[string]any{"i": map[string]any{"pipeline": pipeline, "payload": map[string]any{"id": id}}})
			}
			// The id of an event of the foreign pipeline resumes a stream of the own one.
			started := make(chan string, 1)
			go func() { started <- events("foreign", "", "probe") }()
			var cursor string
			for i := 0; cursor == ""; i++ {
				process("foreign", fmt.Sprint("probe", i))
				select {
				case cursor = <-started:
				case <-time.After(20 * time.Millisecond):
				}
			}
			process("foreign", "hidden")
			process("own", "shown")
			if got := events("own", cursor, "shown"); got == "" {
				t.Error("the stream of the own pipeline does not resume")
			}
		}},
	})
}

func refusesOrigin(origin string) func(*testing.T, *gateway) {
	return func(t *testing.T, g *gateway) {
		got, closed := g.raw(t, handshake+"Connection: close\r\nOrigin: "+origin+"\r\n\r\n", 10*time.Second)
		if !strings.HasPrefix(got, "HTTP/1.1 403") || !closed && strings.Contains(got, "101") {
			t.Errorf("answered %.300q, want 403", got)
		}
	}
}

// eventStream reads the events of a pipeline's records until one has the text,
// whose id it returns. An event of another pipeline fails the test.
func (g *gateway) eventStream(ctx context.Context, t *testing.T, pipeline, after, until string) string {
	body := fmt.Sprintf(`{"query":"subscription { recordChanged(pipeline: \"%s\") { record { id } } }"}`, pipeline)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, id := make([]byte, 0, 4096), ""
	chunk := make([]byte, 4096)
	for {
		n, err := res.Body.Read(chunk)
		text = append(text, chunk[:n]...)
		for {
			line, rest, whole := strings.Cut(string(text), "\n")
			if !whole {
				break
			}
			text = []byte(rest)
			if got, ok := strings.CutPrefix(line, "id:"); ok {
				id = strings.TrimSpace(got)
			}
			if strings.HasPrefix(line, "data:") && strings.Contains(line, "Record:") {
				if !strings.Contains(line, "Record:"+pipeline+":") {
					t.Errorf("the stream of %s has %s", pipeline, line)
				}
				if strings.Contains(line, until) {
					return id
				}
			}
		}
		if err != nil {
			t.Errorf("the stream of %s ends with %v", pipeline, err)
			return ""
		}
	}
}

// A socket is a connection over which operations may be sent.
type socket struct{ conn *websocket.Conn }

type message struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

func subscribe(id, document string) string {
	text, _ := json.Marshal(map[string]any{"id": id, "type": "subscribe", "payload": map[string]any{"query": document}}) //nolint:errchkjson // strings
	return string(text)
}

// socket opens a connection that has been acknowledged.
func (g *gateway) socket(t *testing.T) *socket {
	t.Helper()
	s := g.handshake(t, nil)
	s.send(t, `{"type":"connection_init"}`)
	if m, err := s.next(t); err != nil || m.Type != "connection_ack" {
		t.Fatalf("the connection is answered %+v, %v", m, err)
	}
	return s
}

func (s *socket) send(t *testing.T, text string) {
	t.Helper()
	if err := s.conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// next returns the next message that is no ping.
func (s *socket) next(t *testing.T) (m message, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		_, text, err := s.conn.Read(ctx)
		if err != nil {
			return m, err
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return m, err
		}
		if m.Type != "ping" {
			return m, nil
		}
	}
}

// closes checks that the connection ends with one of the codes, and returns the
// reason it gives.
func (s *socket) closes(t *testing.T, codes ...websocket.StatusCode) string {
	t.Helper()
	for {
		_, err := s.next(t)
		if err == nil {
			continue
		}
		var end websocket.CloseError
		if !errors.As(err, &end) {
			t.Errorf("the connection ends with %v, want a close code of %v", err, codes)
			return ""
		}
		for _, code := range codes {
			if end.Code == code {
				return end.Reason
			}
		}
		t.Errorf("the connection ends with %d %q, want %v", end.Code, end.Reason, codes)
		return end.Reason
	}
}

// awaitEvent makes records until one arrives: nothing else says that a
// subscription stands.
func (s *socket) awaitEvent(t *testing.T, g *gateway) {
	t.Helper()
	arrived := make(chan error, 1)
	go func() {
		_, err := s.next(t)
		arrived <- err
	}()
	for i := 0; ; i++ {
		g.ask(t, `mutation ($p: JSON!) { processPayload(input: { payload: $p }) { record { id } } }`, map[string]any{"p": map[string]any{"id": fmt.Sprint("await", i)}})
		select {
		case err := <-arrived:
			if err != nil {
				t.Fatal(err)
			}
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}
