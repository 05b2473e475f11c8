package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// TestSubscriptionsMissNothingWhenPostgreSQLOrTheGatewayIsKilled watches records
// while PostgreSQL is killed, and resumes after the gateway was.
func TestSubscriptionsMissNothingWhenPostgreSQLOrTheGatewayIsKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	g := serve(t, dir)
	events := watch(t, g, "")
	var cursor string
	expect := func(id string) {
		t.Helper()
		e := events()
		if e.id != id {
			t.Fatalf("the event is of %q, want %q", e.id, id)
		}
		cursor = e.cursor
	}
	const postgresAlone = 1
	for round := range 3 {
		kill(t, g, dir, postgresAlone)
		for i := range 20 {
			submit(t, g, fmt.Sprintf("%d-%d", round, i))
		}
		for i := range 20 {
			expect(fmt.Sprintf("%d-%d", round, i))
		}
	}
	submit(t, g, "unseen")
	g.signal(t, syscall.SIGKILL)
	g.wait(t)
	g = serve(t, dir)
	submit(t, g, "later")
	events = watch(t, g, cursor)
	expect("unseen")
	expect("later")
	submit(t, g, "live")
	expect("live")
}

// submit has a payload processed, however often it has to be sent.
func submit(t *testing.T, g *gateway, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		a, err := g.ask(ctx, `mutation ($p: JSON!) { processPayload(input: { payload: $p }) { record { id } } }`, map[string]any{"p": map[string]any{"id": id}})
		if err == nil && len(a.Errors) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("process %s: %+v, %v", id, a, err)
		}
	}
}

type event struct{ cursor, id string }

// watch subscribes after a cursor, or from now on if that is empty, and returns
// what waits for the next event.
func watch(t *testing.T, g *gateway, after string) func() event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	socket, res, err := websocket.Dial(ctx, strings.Replace(g.url, "http", "ws", 1)+"/graphql",
		&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	variables := map[string]any{}
	if after != "" {
		variables["after"] = after
	}
	for _, message := range []map[string]any{
		{"type": "connection_init"},
		{"type": "subscribe", "id": "1", "payload": map[string]any{
			"query": `subscription ($after: String) { recordChanged(after: $after) { cursor record { payloadId } } }`, "variables": variables,
		}},
	} {
		if err := wsjson.Write(ctx, socket, message); err != nil {
			t.Fatal(err)
		}
	}
	events := make(chan event)
	ended := make(chan error, 1)
	go func() { ended <- read(ctx, socket, events) }()
	next := func() event {
		t.Helper()
		for {
			select {
			case e := <-events:
				if !strings.HasPrefix(e.id, "probe") {
					return e
				}
			case err := <-ended:
				t.Fatalf("the subscription ended: %v", err)
			}
		}
	}
	if after != "" {
		return next
	}
	// Nothing says when the subscription stands; so records are made until it
	// tells of one.
	for i := 0; ; i++ {
		submit(t, g, fmt.Sprint("probe", i))
		select {
		case <-events:
			return next
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// read passes on what the subscription on a socket tells, until it ends.
func read(ctx context.Context, socket *websocket.Conn, events chan<- event) error {
	for {
		var message struct {
			Type    string
			Payload struct {
				Data struct {
					RecordChanged struct {
						Cursor string
						Record struct{ PayloadID string }
					}
				}
				Errors json.RawMessage
			}
		}
		if err := wsjson.Read(ctx, socket, &message); err != nil {
			return err
		}
		switch told := message.Payload; message.Type {
		case "connection_ack":
		case "ping":
			if err := wsjson.Write(ctx, socket, map[string]string{"type": "pong"}); err != nil {
				return err
			}
		case "next":
			if told.Errors != nil {
				return fmt.Errorf("errors: %s", told.Errors)
			}
			select {
			case events <- event{told.Data.RecordChanged.Cursor, told.Data.RecordChanged.Record.PayloadID}:
			case <-ctx.Done():
				return ctx.Err()
			}
		default:
			return fmt.Errorf("%s", message.Type)
		}
	}
}
