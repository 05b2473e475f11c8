package edge

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"go.opentelemetry.io/otel/metric"
)

// A Crowd bounds the connections that are open, in all and of each address.
type Crowd struct {
	Most    int                   // in all
	Each    int                   // of one address
	Trusted func(netip.Addr) bool // whose connections are many clients', and count in all alone; nil for nobody's
}

// Listen returns a listener that closes at once what are too many connections. The
// client has to try again: nothing can be told to those that may speak TLS.
func (c Crowd) Listen(listener net.Listener) net.Listener {
	l := &crowdListener{Listener: listener, crowd: c, each: map[netip.Addr]int{}}
	l.observe()
	return l
}

type crowdListener struct {
	net.Listener
	crowd Crowd

	mu      sync.Mutex
	all     int                // guarded by mu
	each    map[netip.Addr]int // guarded by mu: of those that have any
	refused int64              // guarded by mu: so far
}

// observe has the connections measured.
func (l *crowdListener) observe() {
	_, _ = meter.Int64ObservableUpDownCounter("barograph.http.connections", metric.WithDescription("Connections that are open."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			o.Observe(int64(l.all))
			return nil
		}))
	_, _ = meter.Int64ObservableCounter("barograph.http.refused_connections", metric.WithDescription("Connections that were closed at once, since there were too many."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			o.Observe(l.refused)
			return nil
		}))
}

// Accept waits for a connection for which there is room.
func (l *crowdListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := l.addressOf(conn)
		if l.enter(address) {
			return &crowdConn{Conn: conn, left: sync.OnceFunc(func() { l.leave(address) })}, nil
		}
		_ = conn.Close() // which is all there is to it
	}
}

// addressOf returns the address that a connection counts for, none if it is nobody's
// in particular.
func (l *crowdListener) addressOf(conn net.Conn) netip.Addr {
	remote, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	address := remote.Addr().Unmap().WithZone("")
	if address.IsLoopback() || l.crowd.Trusted != nil && l.crowd.Trusted(address) {
		return netip.Addr{}
	}
	if address.Is6() {
		if block, err := address.Prefix(64); err == nil {
			return block.Addr()
		}
	}
	return address
}

func (l *crowdListener) enter(address netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.crowd.Most || address.IsValid() && l.each[address] >= l.crowd.Each {
		l.refused++
		return false
	}
	l.all++
	if address.IsValid() {
		l.each[address]++
	}
	return true
}

func (l *crowdListener) leave(address netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if !address.IsValid() {
		return
	}
	if l.each[address]--; l.each[address] == 0 {
		delete(l.each, address)
	}
}

// crowdConn is a connection that makes room when it is closed.
type crowdConn struct {
	net.Conn
	left func()
}

// Close closes the connection.
func (c *crowdConn) Close() error {
	defer c.left()
	return c.Conn.Close()
}

// CloseWrite lets the client read an answer to its end although nothing more is read.
func (c *crowdConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// NetConn returns the connection beneath.
func (c *crowdConn) NetConn() net.Conn { return c.Conn }
