package transport

import (
	"bufio"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
)

const (
	subprotocol      = "graphql-transport-ws"
	websocketVersion = "13"
	websocketKeySize = 16
)

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

// isHandshake reports whether a request that asks for a WebSocket does so by
// RFC 6455.
func isHandshake(r *http.Request) bool {
	keys := r.Header.Values("Sec-WebSocket-Key")
	if r.Method != http.MethodGet || !r.ProtoAtLeast(1, 1) || r.Header.Get("Sec-WebSocket-Version") != websocketVersion || len(keys) != 1 {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[0]))
	return err == nil && len(key) == websocketKeySize
}

// takenOver is a response whose connection becomes a WebSocket. It keeps the
// connection, for deadlines.
type takenOver struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack takes the connection over.
func (t *takenOver) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := http.NewResponseController(t.ResponseWriter).Hijack()
	t.conn = conn
	return conn, buffer, err
}
