package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// A Server is a simulator that listens on a loopback port.
type Server struct {
	http *http.Server
	url  string
	done chan struct{} // closed when serving has ended
	err  error         // why it ended; read after done
}

// Start serves the simulator on a free loopback port until ctx ends or Stop is
// called, whichever comes first. It fails when no port can be had.
func Start(ctx context.Context, now func() time.Time, options ...Option) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the weather simulator: %w", err)
	}
	s := &Server{
		http: &http.Server{Handler: New(now, options...), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute},
		url:  "http://" + listener.Addr().String(),
		done: make(chan struct{}),
	}
	// When ctx ends, the answers under way have lost their reader's interest.
	abandon := context.AfterFunc(ctx, func() { _ = s.http.Close() })
	go func() {
		defer close(s.done)
		defer abandon()
		s.err = s.http.Serve(listener)
	}()
	return s, nil
}

// URL returns the base address of the service, such as http://127.0.0.1:41234.
func (s *Server) URL() string { return s.url }

// Stop ends the service: it takes no new requests, waits for those under way until
// ctx ends, and returns when nothing of the server runs any more. Stopping twice
// does no harm.
func (s *Server) Stop(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close() // their time is up
	}
	<-s.done
	if err == nil && !errors.Is(s.err, http.ErrServerClosed) {
		err = s.err
	}
	if err != nil {
		return fmt.Errorf("stop the weather simulator: %w", err)
	}
	return nil
}
