package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"

	"barograph/auth"
	"barograph/graph/stream"
	"barograph/graph/transport"
	"barograph/internal/drain"
	"barograph/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second // of tests

// A stage is a server with one WebSocket transport, in front of a schema whose
// fields do what their names say.
type stage struct {
	url     string
	drain   *drain.Drain
	held    chan struct{} // one for each query that is held
	release chan struct{} // one lets one go
	active  atomic.Int64  // subscriptions that never end
	serving atomic.Int64  // connections
	flooded atomic.Int64  // events
}

var stageSchema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { name: String, who: String, held: String, panic: String }
	type Mutation { name: String }
	type Subscription { three: Int, forever: Int, flood: String, failing: Int, panic: Int, refused: Int }
`})

func newStage(t testing.TB, config transport.WebSocketConfig) *stage {
	t.Helper()
	s := &stage{
		drain: drain.New(func() time.Duration { return 0 }),
		held:  make(chan struct{}, 1000), release: make(chan struct{}),
	}
	exec := executor.New(&graphql.ExecutableSchemaMock{
		SchemaFunc:     func() *ast.Schema { return stageSchema },
		ExecFunc:       s.execute,
		ComplexityFunc: func(context.Context, string, string, int, map[string]any) (int, bool) { return 0, false },
	})
	exec.SetErrorPresenter(func(_ context.Context, err error) *gqlerror.Error {
		var given *gqlerror.Error
		if errors.As(err, &given) && given.Err == nil {
			return given
		}
		known := fault.Of(err)
		return &gqlerror.Error{Message: known.Message, Extensions: map[string]any{"code": known.Kind.Code()}}
	})
	sockets := transport.NewWebSocket(config)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serving.Add(1)
		defer s.serving.Add(-1)
		sockets.Do(w, r, exec)
	}))
	server.Config.BaseContext = func(net.Listener) context.Context { return s.drain.Context(context.Background()) }
	server.Start()
	t.Cleanup(func() {
		server.Close()
		eventually(t, "the connections end", func() bool { return s.serving.Load() == 0 })
	})
	s.url = server.URL
	return s
}

// execute plays the part of generated code.
func (s *stage) execute(ctx context.Context) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx).Operation
	field := operation.SelectionSet[0].(*ast.Field).Name
	answer := func(value any) *graphql.Response {
		data, _ := json.Marshal(map[string]any{field: value})
		return &graphql.Response{Data: data}
	}
	if operation.Operation != ast.Subscription {
		return func(ctx context.Context) *graphql.Response {
			switch field {
			case "panic":
				panic("hunter2")
			case "who":
				return answer(auth.From(ctx).Name)
			case "held":
				s.held <- struct{}{}
				select {
				case <-s.release:
				case <-ctx.Done():
					return nil
				}
			}
			return answer("test")
		}
	}
	if field == "refused" {
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{{Message: "no room"}}})
	}
	count := 0
	if field == "forever" {
		s.active.Add(1)
		context.AfterFunc(ctx, func() { s.active.Add(-1) })
	}
	return func(ctx context.Context) *graphql.Response {
		count++
		switch {
		case field == "forever":
			<-ctx.Done()
			return nil
		case field == "flood":
			s.flooded.Add(1)
			return answer(strings.Repeat("x", 64<<10))
		case field == "panic":
			panic("hunter2")
		case field == "failing" && count == 2:
			stream.Fail(ctx, fault.New(fault.Overloaded, "too slow"))
			return nil
		case count > 3:
			return nil
		}
		return answer(count)
	}
}

// forgetful makes connections that leave nothing in the system when they end:
// fuzzing would use up the ports.
var forgetful = &http.Client{Transport: &http.Transport{
	DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return conn, err
	},
}}

// eventually waits until a claim holds.
func eventually(t testing.TB, claim string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Errorf("it does not come about that %s", claim)
			return
		}
	}
}

// A client is one side of a socket.
type client struct {
	t    testing.TB
	conn *websocket.Conn
	ctx  context.Context
}

func (s *stage) dial(t testing.TB, subprotocols ...string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	conn, res, err := websocket.Dial(ctx, s.url, &websocket.DialOptions{Subprotocols: subprotocols, HTTPClient: forgetful})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &client{t, conn, ctx}
}

// open opens a socket on which operations may begin.
func (s *stage) open(t testing.TB) *client {
	t.Helper()
	c := s.dial(t, "graphql-transport-ws")
	c.say(`{"type":"connection_init"}`)
	c.hears(`{"type":"connection_ack"}`)
	return c
}

func (c *client) say(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if err := c.conn.Write(c.ctx, websocket.MessageText, []byte(text)); err != nil {
			c.t.Fatalf("say %.100s: %v", text, err)
		}
	}
}

// tell is say to a server that may be leaving.
func (c *client) tell(kind websocket.MessageType, text string) {
	_ = c.conn.Write(c.ctx, kind, []byte(text))
}

// hear returns the next message that is no ping.
func (c *client) hear() string {
	c.t.Helper()
	for {
		_, text, err := c.conn.Read(c.ctx)
		if err != nil {
			c.t.Fatalf("hear: %v", err)
		}
		if string(text) != `{"type":"ping"}` {
			return string(text)
		}
	}
}

func (c *client) hears(texts ...string) {
	c.t.Helper()
	for _, want := range texts {
		if got := c.hear(); got != want {
			c.t.Fatalf("heard %.300s, want %s", got, want)
		}
	}
}

// subscribe begins an operation.
func (c *client) subscribe(id, query string) {
	c.t.Helper()
	c.say(subscribing(id, query))
}

func subscribing(id, query string) string {
	return fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":%q}}`, id, query)
}

// closes returns how the server closes the socket.
func (c *client) closes() websocket.CloseError {
	c.t.Helper()
	for {
		if _, _, err := c.conn.Read(c.ctx); err != nil {
			var closed websocket.CloseError
			if !errors.As(err, &closed) {
				c.t.Errorf("the socket ends without a word: %v", err)
			}
			return closed
		}
	}
}

func (c *client) isClosed(code websocket.StatusCode, reason string) {
	c.t.Helper()
	if got := c.closes(); got.Code != code || got.Reason != reason {
		c.t.Errorf("closed with %d %q, want %d %q", got.Code, got.Reason, code, reason)
	}
}

// raw opens a socket whose frames are written by hand.
func (s *stage) raw(t testing.TB, buffer int) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(buffer)
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n")
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: %v, %v", res, err)
	}
	_ = res.Body.Close()
	_, _ = conn.Write(frame(true, 1, `{"type":"connection_init"}`))
	return conn, reader
}

// frame returns a frame of a client, masked with zeros.
func frame(last bool, opcode byte, payload string) []byte {
	head := []byte{opcode, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload)), 0, 0, 0, 0}
	if len(payload) < 126 {
		head = []byte{opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}
	}
	if last {
		head[0] |= 0x80
	}
	return append(head, payload...)
}
