package settings

import "errors"

// WebSocket says how much is served over WebSockets. docs/websocket.md tells
// more.
type WebSocket struct {
	Connections  int   `name:"websocket-connections" default:"10000" env:"BAROGRAPH_WEBSOCKET_CONNECTIONS" placeholder:"N" help:"WebSockets that may be open at a time."`
	Operations   int   `name:"websocket-operations" default:"100" env:"BAROGRAPH_WEBSOCKET_OPERATIONS" placeholder:"N" help:"Operations that may be under way at a time on one WebSocket."`
	MessageBytes int64 `name:"websocket-message-bytes" default:"1048576" env:"BAROGRAPH_WEBSOCKET_MESSAGE_BYTES" placeholder:"N" help:"Bytes that a message on a WebSocket may have."`
	MessageRate  int   `name:"websocket-message-rate" default:"500" env:"BAROGRAPH_WEBSOCKET_MESSAGE_RATE" placeholder:"N" help:"Messages a second that one WebSocket may send in the long run, and five times as many at once."`
}

// validate returns why the settings cannot be in force.
func (s *WebSocket) validate() error {
	if s.Connections < 1 || s.Operations < 1 || s.MessageBytes < 1 || s.MessageRate < 1 {
		return errors.New("--websocket-connections, --websocket-operations, --websocket-message-bytes and --websocket-message-rate must be at least 1")
	}
	return nil
}
