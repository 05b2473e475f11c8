package edge_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"barograph/internal/edge"
)

// A stranger's connections seem to come from another machine.
type stranger struct {
	net.Listener
	address string
}

func (s stranger) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return strangersConn{conn, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s.address))}, nil
}

type strangersConn struct {
	net.Conn
	remote net.Addr
}

func (c strangersConn) RemoteAddr() net.Addr { return c.remote }

func TestConnectionsThatAreTooManyAreClosed(t *testing.T) {
	t.Parallel()
	trusted := func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.1") }
	for name, c := range map[string]struct {
		address string
		crowd   edge.Crowd
		room    int
	}{
		"in all":             {"192.0.2.1:5", edge.Crowd{Most: 3, Each: 10}, 3},
		"of an address":      {"192.0.2.1:5", edge.Crowd{Most: 10, Each: 2}, 2},
		"of IPv6":            {"[2001:db8::1]:5", edge.Crowd{Most: 10, Each: 2}, 2},
		"of a trusted proxy": {"10.0.0.1:5", edge.Crowd{Most: 5, Each: 2, Trusted: trusted}, 5},
		"of this machine":    {"127.0.0.1:5", edge.Crowd{Most: 5, Each: 2}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inner, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			listener := c.crowd.Listen(stranger{inner, c.address})
			accepted := make(chan net.Conn)
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						close(accepted)
						return
					}
					accepted <- conn
				}
			}()
			var first net.Conn
			dial := func() net.Conn {
				conn, err := net.Dial("tcp", inner.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				return conn
			}
			for range c.room {
				dial()
				first = <-accepted
			}
			tooMany := dial()
			_ = tooMany.SetDeadline(time.Now().Add(10 * time.Second))
			if n, err := tooMany.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("one too many reads %d, %v; want the end", n, err)
			}
			_ = first.Close()
			_ = first.Close() // makes room for one alone
			dial()
			<-accepted
			last := dial()
			_ = last.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err := last.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("after one has left, there is room for more than one: %v", err)
			}
			_ = listener.Close()
			<-accepted
		})
	}
}
