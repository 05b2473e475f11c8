//go:build linux || darwin

package private

import (
	"context"
	"runtime"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	longPause  = 10 * time.Second
	steady     = 30 * time.Second // a server that lived this long is not in a crash loop
)

// keep starts the server, tells started how that went, and starts it again
// whenever it dies, until life ends. It gives everything back when it returns.
func (s *Server) keep(life, patience context.Context, started chan<- error) {
	// The kernel watches the thread that starts the server, not the process. So
	// this goroutine keeps its thread to itself, and both end after the server.
	runtime.LockOSThread()
	defer close(s.done)
	defer s.home.close()
	defer func() {
		s.pid.Store(0)
		if err := s.home.removeSocket(); err != nil {
			s.log.Warn("the socket of PostgreSQL stays", "error", err)
		}
	}()

	server, err := s.launch(life)
	if err == nil {
		s.pid.Store(int64(server.cmd.Process.Pid))
	}
	started <- err
	if err != nil {
		return
	}
	var pause time.Duration
	for {
		born := time.Now()
		select {
		case <-life.Done():
			s.end = server.end(patience)
			return
		case <-server.exited:
		}
		died := time.Now()
		s.pid.Store(0)
		if died.Sub(born) >= steady {
			pause = 0
		}
		s.log.Error("PostgreSQL died and is started again", "state", server.cmd.ProcessState.String(), "said", server.said.tail())
		for {
			if !wait(life, pause) {
				return
			}
			pause = min(max(2*pause, firstPause), longPause)
			if server, err = s.launch(life); err == nil {
				break
			}
			if life.Err() == nil {
				s.log.Error("PostgreSQL does not start; trying again", "error", err, "pause", pause)
			}
		}
		s.pid.Store(int64(server.cmd.Process.Pid))
		s.restarts.Add(1)
		s.log.Info("PostgreSQL is back", "pid", server.cmd.Process.Pid, "away", time.Since(died))
	}
}

// wait waits for d and reports whether life went on.
func wait(life context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-life.Done():
		return false
	case <-timer.C:
		return true
	}
}
