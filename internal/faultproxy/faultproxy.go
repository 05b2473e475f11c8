// Package faultproxy is a network that fails on purpose. A proxy stands before a
// server and delays, cuts, resets, swallows, slows down or replaces what the
// server answers. It knows nothing of what is said.
package faultproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// A Fault is what happens to the answers of connections. The zero Fault is none.
type Fault struct {
	Delay   time.Duration // before the first byte
	Pace    time.Duration // before each byte
	Cut     bool          // the connection ends after the first After bytes
	Reset   bool          // it ends there in a reset
	After   int           // bytes
	Silent  bool          // the connection is accepted, and that is all
	Instead []byte        // what comes in place of the answer
}

// A Proxy stands before a server. It is safe for concurrent use.
type Proxy struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup
	ended    context.Context //nolint:containedctx // the proxy's own life, not a request's
	end      context.CancelFunc

	mu    sync.Mutex
	fault Fault // guarded by mu
	open  int   // guarded by mu; connections from clients
	count int   // guarded by mu; of all there have been
}

// Start starts a proxy on a loopback port before the server at an address, which
// may be the path of a Unix socket.
func Start(target string) (*Proxy, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ended, end := context.WithCancel(context.Background())
	p := &Proxy{target: target, listener: listener, ended: ended, end: end}
	p.running.Go(p.accept)
	return p, nil
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Set makes a fault happen from now on, also to answers under way.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Connections returns how many clients are connected, and how many ever were.
func (p *Proxy) Connections() (open, ever int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open, p.count
}

// Close ends all connections and waits for them.
func (p *Proxy) Close() error {
	p.end()
	err := p.listener.Close()
	p.running.Wait()
	return err
}

func (p *Proxy) present() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

func (p *Proxy) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += n
	p.count += max(n, 0)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // it is closed
		}
		p.add(1)
		p.running.Go(func() {
			defer p.add(-1)
			p.serve(client)
		})
	}
}

// serve joins a client with the server until one of them, or the proxy, ends it.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close() //nolint:errcheck // nothing is left to do about it
	network := "tcp"
	if strings.HasPrefix(p.target, "/") {
		network = "unix"
	}
	server, err := (&net.Dialer{}).DialContext(p.ended, network, p.target)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // nothing is left to do about it
	ctx, end := context.WithCancel(p.ended)
	defer end()
	stop := context.AfterFunc(ctx, func() { _, _ = client.Close(), server.Close() })
	defer stop()

	var asking sync.WaitGroup
	asking.Go(func() {
		defer end() // the client has gone
		_, _ = io.Copy(server, client)
	})
	if err := p.answer(ctx, client, server); errors.Is(err, errReset) {
		if tcp, ok := client.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	}
	end()
	asking.Wait()
}

var errReset = errors.New("reset")

// answer passes on what the server says, as the fault lets it.
func (p *Proxy) answer(ctx context.Context, client io.Writer, server io.Reader) error {
	buffer := make([]byte, 4<<10)
	passed := 0
	for {
		n, err := server.Read(buffer)
		text := buffer[:n]
		f := p.present()
		if n > 0 && f.Silent {
			<-ctx.Done()
			return ctx.Err()
		}
		if passed == 0 && !wait(ctx, f.Delay) {
			return ctx.Err()
		}
		if f.Instead != nil && n > 0 {
			_, _ = client.Write(f.Instead)
			return io.EOF
		}
		ends := f.Cut || f.Reset
		if ends && passed+n >= f.After {
			text, err = text[:max(f.After-passed, 0)], io.EOF
			if f.Reset {
				err = errReset
			}
		}
		passed += len(text)
		if e := write(ctx, client, text, f.Pace); e != nil {
			return e
		}
		if err != nil {
			return err
		}
	}
}

func write(ctx context.Context, client io.Writer, text []byte, pace time.Duration) error {
	if pace == 0 {
		_, err := client.Write(text)
		return err
	}
	for i := range text {
		if !wait(ctx, pace) {
			return ctx.Err()
		}
		if _, err := client.Write(text[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// wait reports whether ctx lasts longer than d.
func wait(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
