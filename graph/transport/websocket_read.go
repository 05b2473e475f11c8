package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/coder/websocket"
)

// read reads one message after another and does what they say.
func (s *socket) read() {
	for s.ctx.Err() == nil {
		text, why := s.readText()
		if why != nil {
			s.end(*why)
			return
		}
		m, ok := readMessage(text)
		if !ok {
			s.end(badMessage)
			return
		}
		s.handle(m)
	}
}

// handle does what a message says.
func (s *socket) handle(m message) {
	switch m.kind {
	case typeInit:
		if s.acknowledged.Load() {
			s.end(secondInit)
			return
		}
		s.initTimer.Stop()
		if why := s.initialise(m.payload); why != nil {
			s.end(*why)
			return
		}
		s.reply(ackMessage)
		s.acknowledged.Store(true)
	case typePing:
		s.reply(pongMessage(m.payload))
	case typeSubscribe:
		if !s.acknowledged.Load() {
			s.end(unauthorized)
			return
		}
		s.subscribe(m)
	case typeComplete:
		s.operations.cancel(m.id)
	}
}

// readText returns the next message, or why there is none.
func (s *socket) readText() ([]byte, *closing) {
	s.patience.toHear(s.silence())
	s.inMessage = false
	kind, reader, err := s.conn.Reader(context.WithoutCancel(s.ctx))
	if err != nil {
		return nil, s.unread(err)
	}
	s.inMessage = true
	s.patience.toHear(s.config.ReadTimeout)
	text, err := io.ReadAll(io.LimitReader(reader, s.config.MessageBytes+1))
	switch {
	case err != nil:
		return nil, s.unread(err)
	case int64(len(text)) > s.config.MessageBytes:
		return nil, &tooBig
	case !s.limiter.Allow():
		return nil, &tooMany
	case kind != websocket.MessageText:
		return nil, &badMessage
	}
	return text, nil
}

// unread returns why reading failed.
func (s *socket) unread(err error) *closing {
	var network *net.OpError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && s.inMessage:
		return &tooLong
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &silent
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, net.ErrClosed):
		return &tooSlow // to take a ping, or the answer to one
	case websocket.CloseStatus(err) != -1, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return &leftByClient
	}
	return &protocolError
}

// silence is how long a client may say nothing: one that lives answers the next
// ping.
func (s *socket) silence() time.Duration {
	return s.config.PingInterval + s.config.PongTimeout
}

// heardPing notes a ping of WebSocket's own kind, and reports whether to answer.
func (s *socket) heardPing(context.Context, []byte) bool { return s.heard() }

// heardPong notes a pong of WebSocket's own kind.
func (s *socket) heardPong(context.Context, []byte) { s.heard() }

// heard notes that the client lives, and reports whether the socket does. The
// reader calls it, or when that has ended, whatever closes the connection.
func (s *socket) heard() bool {
	switch {
	case s.ctx.Err() != nil:
		return false
	case !s.limiter.Allow():
		s.end(tooMany)
		return false
	case !s.inMessage:
		s.patience.toHear(s.silence())
	}
	return true
}
