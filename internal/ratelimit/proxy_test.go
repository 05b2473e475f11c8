package ratelimit_test

import (
	"bytes"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/redislink/redistest"
)

// A proxy stands before a Redis that has troubles.
type proxy struct {
	url     string
	slow    atomic.Int64 // how long each answer takes on its way
	swallow atomic.Bool  // what names a bucket
}

func before(t *testing.T, s *redistest.Server) *proxy {
	t.Helper()
	path := filepath.Join(s.Dir(), "proxy.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{url: "unix://" + path}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			redis, err := net.Dial("unix", s.URL()[len("unix://"):])
			if err != nil {
				_ = client.Close()
				continue
			}
			all.Go(func() {
				p.pass(client, redis, func(text []byte) bool {
					return !p.swallow.Load() || !bytes.Contains(text, []byte(":test:"))
				})
			})
			all.Go(func() {
				p.pass(redis, client, func([]byte) bool {
					if d := p.slow.Load(); d > 0 {
						<-time.After(time.Duration(d))
					}
					return true
				})
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	return p
}

// pass hands on what it may, until either end is closed.
func (p *proxy) pass(from, to net.Conn, may func([]byte) bool) {
	defer from.Close() //nolint:errcheck // nothing is left to do about it
	defer to.Close()   //nolint:errcheck // likewise
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if !may(buffer[:n]) {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
