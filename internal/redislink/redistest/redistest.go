// Package redistest gives tests a real Redis of their own, which they may kill and
// freeze.
package redistest

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Server is a Redis on a socket of its own.
type Server struct {
	socket  string
	command *exec.Cmd
}

// New returns a server that is not up yet, and ends with the test. Where there is no
// redis-server, it skips the test.
func New(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("there is no redis-server: Debian's package redis-server has one")
	}
	s := &Server{socket: filepath.Join(t.TempDir(), "redis")}
	t.Cleanup(s.Kill)
	return s
}

// Start returns a server that is up.
func Start(t testing.TB) *Server {
	t.Helper()
	s := New(t)
	s.Up(t)
	return s
}

// URL returns what gateways are told of it.
func (s *Server) URL() string { return "unix://" + s.socket }

// Client returns what asks it by hand.
func (s *Server) Client(t testing.TB) *redis.Client {
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Dir returns a folder of its own.
func (s *Server) Dir() string { return filepath.Dir(s.socket) }

// Up starts it, with nothing in it.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.UpAt(t, "unix", s.socket, "--unixsocket", s.socket)
}

// UpAt starts it with arguments that make it listen at an address, and nowhere else.
func (s *Server) UpAt(t testing.TB, network, address string, args ...string) {
	t.Helper()
	s.command = exec.Command("redis-server", append([]string{"--port", "0", "--save", "", "--dir", s.Dir()}, args...)...) //nolint:gosec,noctx // it ends with the test
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	Until(t, "Redis answers", func() bool {
		conn, err := net.Dial(network, address) //nolint:noctx // at once
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// Kill ends it without a word.
func (s *Server) Kill() {
	if s.command != nil {
		_ = s.command.Process.Kill()
		_ = s.command.Wait()
		s.command = nil
	}
}

// Freeze makes it say nothing more; Thaw lets it go on.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw lets it go on.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

// An Outage takes a server that is up away, and brings it back.
type Outage struct{ Down, Back func(testing.TB, *Server) }

// Outages are the ways in which a server fails.
var Outages = map[string]Outage{
	"killed": {func(_ testing.TB, s *Server) { s.Kill() }, func(t testing.TB, s *Server) { s.Up(t) }},
	"frozen": {func(t testing.TB, s *Server) { s.Freeze(t) }, func(t testing.TB, s *Server) { s.Thaw(t) }},
}

func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// Until waits for something that happens by itself.
func Until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		case <-tick.C:
		}
	}
}
