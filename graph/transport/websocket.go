package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	stock "github.com/99designs/gqlgen/graphql/handler/transport"

	"barograph/internal/drain"
	"barograph/internal/strictjson"
)

const (
	subprotocol        = "graphql-transport-ws"
	closeBadMessage    = 4400 // by the subprotocol
	messageEnvelope    = envelope + 1
	badMessage         = "Invalid message received"
	websocketVersion   = "13"
	websocketKeyHeader = "Sec-WebSocket-Key"
)

// WebSocket serves every kind of operation over the subprotocol
// graphql-transport-ws, on gqlgen's transport. To that it adds what HTTP requests
// get too: messages are strict JSON, and a handshake that is refused is told why.
type WebSocket struct{ stock.Websocket }

var _ graphql.Transport = WebSocket{}

// NewWebSocket returns the transport on a configuration of gqlgen's, which says
// with what sockets are accepted.
func NewWebSocket(config stock.Websocket) WebSocket {
	config.Implementation = strictSockets{config.Implementation}
	return WebSocket{config}
}

// Supports reports whether the request asks for a WebSocket. A request for
// another protocol is served as if it had not asked, as HTTP wants it.
func (WebSocket) Supports(r *http.Request) bool { return AsksForWebSocket(r) }

// AsksForWebSocket reports whether a request wants to become a WebSocket.
func AsksForWebSocket(r *http.Request) bool {
	return hasToken(r.Header.Values("Upgrade"), "websocket") && hasToken(r.Header.Values("Connection"), "upgrade")
}

func hasToken(headers []string, token string) bool {
	for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}

// Do serves the connection.
func (ws WebSocket) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	switch {
	case r.Method != http.MethodGet || r.Header.Get("Sec-WebSocket-Version") != websocketVersion || r.Header.Get(websocketKeyHeader) == "":
		refuse(w, mediaTypeJSON, http.StatusBadRequest, "the WebSocket's handshake is not RFC 6455's")
	case !sameOrigin(r):
		refuse(w, mediaTypeJSON, http.StatusForbidden, "a WebSocket from another origin is not served")
	case !hasToken(r.Header.Values("Sec-WebSocket-Protocol"), subprotocol):
		refuse(w, mediaTypeJSON, http.StatusBadRequest, "the WebSocket's subprotocol must be "+subprotocol)
	default:
		ctx, over := drain.Stream(r.Context())
		defer over()
		ws.Websocket.Do(w, r.WithContext(ctx), exec)
	}
}

// sameOrigin reports whether a request comes from a page of this server, or
// from no page.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// strictSockets accept sockets whose messages are strict JSON.
type strictSockets struct{ stock.WebsocketImplementation }

// Accept takes over the connection.
func (s strictSockets) Accept(w http.ResponseWriter, r *http.Request, options stock.WebsocketAcceptOptions) (stock.WebsocketConn, error) {
	options.Subprotocols = []string{subprotocol}
	conn, err := s.WebsocketImplementation.Accept(w, r, options)
	if err != nil {
		return nil, err
	}
	return strictSocket{conn}, nil
}

type strictSocket struct{ stock.WebsocketConn }

// NextReader returns the next message, if it is strict JSON; else it ends the
// connection, as the subprotocol wants.
func (s strictSocket) NextReader() (int, io.Reader, error) {
	kind, reader, err := s.WebsocketConn.NextReader()
	if err != nil {
		return kind, nil, err
	}
	message, err := io.ReadAll(reader)
	if err != nil {
		return kind, nil, err
	}
	if strictjson.CheckDepth(message, strictjson.DepthLimit+messageEnvelope) != nil {
		return kind, nil, errors.Join(stock.ErrWebsocketClosed, s.WriteClose(closeBadMessage, badMessage))
	}
	return kind, bytes.NewReader(message), nil
}

// SetReadLimit bounds messages, where the connection can.
func (s strictSocket) SetReadLimit(limit int64) {
	if conn, ok := s.WebsocketConn.(stock.WebsocketReadLimiter); ok {
		conn.SetReadLimit(limit)
	}
}

// SetReadDeadline bounds the wait for a message, where the connection can.
func (s strictSocket) SetReadDeadline(t time.Time) error {
	if conn, ok := s.WebsocketConn.(stock.WebsocketReadDeadliner); ok {
		return conn.SetReadDeadline(t)
	}
	return nil
}
