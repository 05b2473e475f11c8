//go:build linux || darwin

package private

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
)

// superuser is the role that owns everything in the server.
const superuser = "postgres"

// A Server is a running private PostgreSQL. It is safe for concurrent use.
type Server struct {
	home     *home
	account  account
	install  install
	socket   string
	password string
	settings []string
	log      *slog.Logger

	pid      atomic.Int64
	restarts atomic.Int64

	halt  context.CancelFunc // begins a clean stop
	hurry context.CancelFunc // makes it a rough one
	done  chan struct{}      // closed by the keeper, last of all
	end   error              // how the stop went; read it after done
}

// Start starts the server, creating its files if there are none, and returns once
// it takes connections. A context that ends earlier ends the attempt; afterwards it
// has no effect. The caller must Stop the server. An error says what to do about
// it: ErrInUse and ErrNoServer are the ones to expect.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h, err := openHome(cfg.Dir)
	if err != nil {
		return nil, err
	}
	kept := false
	defer func() {
		if !kept {
			h.close()
		}
	}()
	major, err := h.major()
	if err != nil {
		return nil, err
	}
	who, err := h.owner()
	if err != nil {
		return nil, err
	}
	if err := who.enter(h.dir); err != nil {
		return nil, err
	}
	found, err := ladder{cfg: cfg, home: h, account: who, major: major, log: log}.find(ctx)
	if err != nil {
		return nil, err
	}
	password, err := h.password(who)
	if err != nil {
		return nil, err
	}
	if major == 0 {
		if err := h.create(ctx, who, found, cfg.Volatile, log); err != nil {
			return nil, err
		}
	}
	socket, err := h.socketDir(who)
	if err != nil {
		return nil, err
	}
	s := &Server{
		home: h, account: who, install: found, socket: socket, password: password,
		settings: settings(cfg, socket), log: log, done: make(chan struct{}),
	}
	kept = true
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("start the private PostgreSQL: %w", err)
	}
	return s, nil
}

// begin hands the server to its keeper and waits until it takes connections.
func (s *Server) begin(ctx context.Context) error {
	life, halt := context.WithCancel(context.WithoutCancel(ctx))
	patience, hurry := context.WithCancel(context.WithoutCancel(ctx))
	s.halt, s.hurry = halt, hurry
	started := make(chan error, 1)
	go s.keep(life, patience, started)

	select {
	case err := <-started:
		if err == nil {
			return nil
		}
		s.halt()
		<-s.done
		return err
	case <-ctx.Done():
		s.halt()
		s.hurry()
		<-s.done
		return ctx.Err()
	}
}

// Stop ends the server and frees its directory: politely, and by force once ctx
// ends or half a minute has passed. It returns when no process is left, with an
// error if force was needed; even then nothing committed is lost. Further calls
// wait for the same end.
func (s *Server) Stop(ctx context.Context) error {
	s.halt()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.hurry()
		<-s.done
	}
	return s.end
}

// URL returns the address of the database for pgx, with the password in it: keep
// it out of logs.
func (s *Server) URL(database string) string {
	query := url.Values{"host": {s.socket}, "port": {socketPort}, "sslmode": {"disable"}}.Encode()
	u := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(superuser, s.password),
		Path:   "/" + database,
		// In a connection URL, unlike in a form, a plus is a plus.
		RawQuery: strings.ReplaceAll(query, "+", "%20"),
	}
	return u.String()
}

// Version returns the version of the server, such as "15.18".
func (s *Server) Version() string { return s.install.version }

// Source says where the binaries come from, in words for a log.
func (s *Server) Source() string { return s.install.source + " in " + s.install.bin }

// PID returns the process id of the server, and 0 while there is none.
func (s *Server) PID() int { return int(s.pid.Load()) }

// Restarts returns how often the server died by itself and was started again.
func (s *Server) Restarts() int { return int(s.restarts.Load()) }
