package schematest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

const (
	eventTimeout = 20 * time.Second
	triggerEvery = 20 * time.Millisecond
	messageLimit = 8 << 20

	statusBadMessage = 4400 // by the subprotocol: not JSON that two readers take alike
)

// A message is one of the protocol graphql-transport-ws.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// subscribe opens a WebSocket, subscribes, and returns the first thing that it
// is told. Nothing says when a subscription stands; so trigger is called again
// and again until then.
func (c client) subscribe(ctx context.Context, op operation, trigger func(context.Context) error) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	socket, err := c.dial(ctx)
	if err != nil {
		return answer{}, err
	}
	defer socket.CloseNow() //nolint:errcheck // nothing is left to do about it
	body, err := op.body()
	if err != nil {
		return answer{}, err
	}
	if err := wsjson.Write(ctx, socket, message{ID: "1", Type: "subscribe", Payload: body}); err != nil {
		return answer{}, err
	}

	var heard answer
	err = during(ctx, trigger, func(ctx context.Context) error {
		m, err := next(ctx, socket)
		if err == nil {
			heard, err = m.answer()
		}
		return err
	})
	return heard, err
}

// provoke sends a subscription that may not stand, and another that does. What
// the first is told until the second has its event is the answer.
func (c client) provoke(ctx context.Context, op, sound operation, trigger func(context.Context) error) (answers []answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	socket, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer socket.CloseNow() //nolint:errcheck // nothing is left to do about it
	for id, op := range map[string]operation{"1": op, "2": sound} {
		body, err := op.body()
		if err != nil {
			return nil, err
		}
		if err := wsjson.Write(ctx, socket, message{ID: id, Type: "subscribe", Payload: body}); err != nil {
			break // the server has closed the socket, and says why to whoever reads
		}
	}
	err = during(ctx, trigger, func(ctx context.Context) error {
		for {
			m, err := next(ctx, socket)
			switch {
			case websocket.CloseStatus(err) == websocket.StatusMessageTooBig, websocket.CloseStatus(err) == statusBadMessage:
				return nil // which is an answer: it says what was wrong
			case err != nil:
				return err
			case m.ID == "2" && m.Type == "next":
				return nil
			case m.ID == "1" && m.Type != "complete":
				a, err := m.answer()
				if err != nil {
					return err
				}
				answers = append(answers, a)
			}
		}
	})
	return answers, err
}

// during calls trigger now and then until listen returns, and returns its error.
func during(ctx context.Context, trigger func(context.Context) error, listen func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	heard := make(chan error, 1)
	go func() { heard <- listen(ctx) }()
	tick := time.NewTicker(triggerEvery)
	defer tick.Stop()
	for {
		if err := trigger(ctx); err != nil {
			stop()
			return errors.Join(fmt.Errorf("trigger an event: %w", err), <-heard)
		}
		select {
		case err := <-heard:
			return err
		case <-tick.C:
		}
	}
}

// dial opens a WebSocket and shakes hands.
func (c client) dial(ctx context.Context) (*websocket.Conn, error) {
	socket, res, err := websocket.Dial(ctx, strings.Replace(c.url, "http", "ws", 1), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return nil, err
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	socket.SetReadLimit(messageLimit)
	if err := wsjson.Write(ctx, socket, message{Type: "connection_init"}); err != nil {
		return nil, errors.Join(err, socket.CloseNow())
	}
	ack, err := next(ctx, socket)
	if err == nil && ack.Type != "connection_ack" {
		err = fmt.Errorf("the server says %s, not connection_ack", ack.Type)
	}
	if err != nil {
		return nil, errors.Join(err, socket.CloseNow())
	}
	return socket, nil
}

// answer returns the event that a message tells of, or the errors.
func (m message) answer() (answer, error) {
	switch m.Type {
	case "next":
		return readAnswer(m.Payload)
	case "error":
		var a answer
		return a, json.Unmarshal(m.Payload, &a.Errors)
	}
	return answer{}, fmt.Errorf("the server says %s, where an event should be", m.Type)
}

// next returns the next message that is about an operation.
func next(ctx context.Context, socket *websocket.Conn) (message, error) {
	for {
		var m message
		if err := wsjson.Read(ctx, socket, &m); err != nil {
			return message{}, err
		}
		if m.Type != "ping" && m.Type != "pong" {
			return m, nil
		}
	}
}
