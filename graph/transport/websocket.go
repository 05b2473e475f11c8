package transport

import (
	"cmp"
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/auth"
	"barograph/internal/fault"
)

// WebSocketConfig says what WebSockets may do. A field that is zero has its
// default.
type WebSocketConfig struct {
	Origin func(*http.Request) bool // whether a page may open a socket; by default, those of this server

	// Init returns whose a socket is, by the payload of its connection_init, which
	// may be none, and by what the handshake's context knows; by default, that
	// alone. A fault.Error tells why it is not served.
	Init func(ctx context.Context, payload []byte) (*auth.Principal, error)

	Connections  int   // at a time, in all: 10 000
	Operations   int   // at a time, on one connection: 100
	MessageBytes int64 // of one message: 1 MiB
	MessageRate  int   // messages a second, from one connection, in the long run: 500

	InitTimeout  time.Duration // from the handshake to connection_init: 5 s
	ReadTimeout  time.Duration // from a message's first frame to its last: 30 s
	WriteTimeout time.Duration // of one message: 10 s
	PingInterval time.Duration // 20 s
	PongTimeout  time.Duration // for what answers a ping: 10 s
}

func (c WebSocketConfig) orDefault() WebSocketConfig {
	if c.Origin == nil {
		c.Origin = Origins{}.Allowed
	}
	if c.Init == nil {
		c.Init = func(ctx context.Context, _ []byte) (*auth.Principal, error) { return auth.From(ctx), nil }
	}
	c.Connections = cmp.Or(c.Connections, 10_000)
	c.Operations = cmp.Or(c.Operations, 100)
	c.MessageBytes = cmp.Or(c.MessageBytes, 1<<20)
	c.MessageRate = cmp.Or(c.MessageRate, 500)
	c.InitTimeout = cmp.Or(c.InitTimeout, 5*time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 30*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.PingInterval = cmp.Or(c.PingInterval, 20*time.Second)
	c.PongTimeout = cmp.Or(c.PongTimeout, 10*time.Second)
	return c
}

// WebSocket serves every kind of operation over the subprotocol
// graphql-transport-ws, many at a time on one connection:
// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
// It is safe for concurrent use.
type WebSocket struct {
	config WebSocketConfig
	open   atomic.Int64 // connections
}

var _ graphql.Transport = (*WebSocket)(nil)

// NewWebSocket returns the transport.
func NewWebSocket(config WebSocketConfig) *WebSocket {
	ws := &WebSocket{config: config.orDefault()}
	observeConnections(&ws.open)
	return ws
}

// Supports reports whether the request asks for a WebSocket. A request for
// another protocol is served as if it had not asked, as HTTP wants it.
func (*WebSocket) Supports(r *http.Request) bool { return AsksForWebSocket(r) }

// Do serves the connection until it ends, and all that was begun for it.
func (ws *WebSocket) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	defer ws.open.Add(-1)
	switch opened := ws.open.Add(1); {
	case !isHandshake(r):
		refuse(w, mediaTypeJSON, http.StatusBadRequest, "the WebSocket's handshake is not RFC 6455's")
	case !ws.config.Origin(r):
		refuse(w, mediaTypeJSON, http.StatusForbidden, "a WebSocket from another origin is not served")
	case opened > int64(ws.config.Connections):
		w.Header().Set("Retry-After", "5")
		respond(w, mediaTypeJSON, http.StatusServiceUnavailable, &graphql.Response{Errors: gqlerror.List{
			coded("there are as many WebSockets as this server serves", fault.Overloaded),
		}})
	default:
		ws.serve(w, r, exec)
	}
}

func (ws *WebSocket) serve(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	s := newSocket(ws.config, r, exec)
	taken := &takenOver{ResponseWriter: w}
	conn, err := websocket.Accept(taken, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // the origin has been checked
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     s.heardPing,
		OnPongReceived:     s.heardPong,
	})
	if err != nil {
		return // it has been answered
	}
	conn.SetReadLimit(-1) // the reader has its own
	s.conn, s.patience.conn = conn, taken.conn
	if conn.Subprotocol() != subprotocol {
		s.end(notAcceptable)
	}
	s.run(r.Context())
}
