package transport

import (
	"net"
	"sync"
	"time"
)

// A patience is how long the other side of a connection is waited for. Errors of
// its methods do not matter: who reads and writes meets them too.
type patience struct {
	conn net.Conn

	mu      sync.Mutex
	parting bool // guarded by mu
}

// toHear gives the client time to send what is expected next.
func (p *patience) toHear(d time.Duration) { p.allow(p.conn.SetReadDeadline, d) }

// toTake gives the client time to take what is written next.
func (p *patience) toTake(d time.Duration) { p.allow(p.conn.SetWriteDeadline, d) }

func (p *patience) allow(deadline func(time.Time) error, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.parting {
		_ = deadline(time.Now().Add(d))
	}
}

// toPart gives the last words of both sides time. There is no more after that.
func (p *patience) toPart(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parting = true
	_ = p.conn.SetDeadline(time.Now().Add(d))
}

// lose makes the end of the connection its very end: the system would go on
// offering what is still unread to a client that does not read.
func (p *patience) lose() {
	conn := p.conn
	for { // TLS may be around it, and what watches requests
		around, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = around.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}
