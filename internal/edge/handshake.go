package edge

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	handshakes  = 2048                   // that are under way at a time: the oldest makes room for one more
	lastWords   = 500 * time.Millisecond // for a client to read why it is refused
	lastReading = 64 << 10               // what is read of it meanwhile
)

// http2 is its name where a protocol is agreed on.
const http2 = "h2"

// securedListener accepts connections that speak TLS and have shaken hands. They
// do so beside each other, so that nobody waits for a slow client. Where HTTP/2
// was agreed on, the connection is the *tls.Conn, for net/http knows it by that;
// where it was not, it is a securedConn.
type securedListener struct {
	net.Listener
	config   func() *tls.Config
	patience time.Duration // with a handshake
	logger   *slog.Logger

	ready  chan net.Conn
	failed chan error // why a connection could not be accepted
	closed chan struct{}
	close  sync.Once
	tasks  sync.WaitGroup

	mu       sync.Mutex
	underway *list.List // guarded by mu: net.Conns, the oldest first
}

// securedConn is a connection under TLS whose requests are watched.
type securedConn struct {
	*framedConn
	tls *tls.Conn
}

// ConnectionState returns what requests have as their TLS.
func (c securedConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// secured begins to accept. Whoever calls closes the listener, and its tasks end.
func secured(listener net.Listener, config func() *tls.Config, patience time.Duration, logger *slog.Logger) *securedListener {
	l := &securedListener{
		Listener: listener, config: config, patience: patience, logger: logger,
		ready: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{}), underway: list.New(),
	}
	l.tasks.Go(l.admit)
	return l
}

// Accept waits for a connection.
func (l *securedListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listening and the handshakes that are under way.
func (l *securedListener) Close() error {
	err := net.ErrClosed
	l.close.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
		l.mu.Lock()
		for e := l.underway.Front(); e != nil; e = e.Next() {
			abort(e)
		}
		l.mu.Unlock()
		l.tasks.Wait()
	})
	return err
}

// admit accepts until the listener is closed. While one failure waits to be told
// of, nothing else is accepted: net/http takes its time where files have run out.
func (l *securedListener) admit() {
	for {
		conn, err := l.Listener.Accept()
		if err == nil {
			l.tasks.Go(func() { l.receive(conn) })
			continue
		}
		select {
		case l.failed <- err:
		case <-l.closed:
			return
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// receive shakes hands and hands over.
func (l *securedListener) receive(raw net.Conn) {
	conn, err := l.shake(raw)
	if err != nil {
		handshook.Add(context.Background(), 1, outcomeFailed)
		l.logger.Debug("TLS handshake", "client", raw.RemoteAddr(), "err", err)
		return
	}
	state := conn.ConnectionState()
	handshook.Add(context.Background(), 1, outcomeOf(state))
	var next net.Conn = conn
	if state.NegotiatedProtocol != http2 {
		next = securedConn{watch(conn), conn}
	}
	select {
	case l.ready <- next:
	case <-l.closed:
		_ = raw.Close()
	}
}

// shake returns the connection after its handshake. Where that fails, raw is
// closed.
func (l *securedListener) shake(raw net.Conn) (*tls.Conn, error) {
	place := l.enter(raw)
	defer l.leave(place)
	select {
	case <-l.closed: // before it had its place, from which Close would have ended it
		_ = raw.Close()
		return nil, net.ErrClosed
	default:
	}
	_ = raw.SetDeadline(time.Now().Add(l.patience)) // its errors are met again
	counted := &earningConn{Conn: raw, last: time.Now()}
	conn := tls.Server(counted, l.config())
	if err := conn.HandshakeContext(context.Background()); err != nil {
		refuse(raw, err)
		return nil, err
	}
	_ = raw.SetDeadline(time.Time{})
	counted.exempt = conn.ConnectionState().NegotiatedProtocol != http2
	return conn, nil
}

// enter makes a place among the handshakes that are under way.
func (l *securedListener) enter(conn net.Conn) *list.Element {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.underway.Len() >= handshakes {
		// An honest handshake takes two rounds; the oldest is the least likely to be one.
		oldest := l.underway.Front()
		abort(oldest)
		l.underway.Remove(oldest)
	}
	return l.underway.PushBack(conn)
}

func (l *securedListener) leave(place *list.Element) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underway.Remove(place)
}

// abort ends the handshake at a place.
func abort(place *list.Element) {
	if conn, ok := place.Value.(net.Conn); ok {
		_ = conn.Close()
	}
}

// plainAdvice is what a client is told that does not speak TLS.
const plainAdvice = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n" +
	"this port speaks TLS: ask by https:// or wss://\n"

// refuse ends a connection whose handshake has failed. The client may have sent
// more than was read, and closing at once would take from it what it was told.
func refuse(raw net.Conn, err error) {
	defer raw.Close() //nolint:errcheck // nothing is left to do about it
	_ = raw.SetDeadline(time.Now().Add(lastWords))
	var stranger tls.RecordHeaderError
	if errors.As(err, &stranger) && stranger.Conn != nil && speaksHTTP(stranger.RecordHeader) {
		_, _ = io.WriteString(raw, plainAdvice)
	}
	if half, ok := raw.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(raw, lastReading))
	}
}

// speaksHTTP reports whether the first bytes of a connection are those of a
// request.
func speaksHTTP(first [5]byte) bool {
	switch string(first[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH", "PRI *", "CONNE", "TRACE":
		return true
	}
	return false
}
