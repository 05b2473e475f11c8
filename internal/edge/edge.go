// Package edge is where requests come in: the HTTP server with its deadlines,
// the probes of whoever operates it, and the end of it all in good order. It
// knows handlers and no domain.
package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"golang.org/x/sync/singleflight"

	"barograph/internal/drain"
	"barograph/internal/ratelimit"
	"barograph/internal/requestid"
)

const (
	headerLimit  = 64 << 10
	streamLimit  = 100
	frameLimit   = 16 << 10         // the least that HTTP/2 allows
	pingAfter    = 30 * time.Second // without a word from an HTTP/2 client that is still owed an answer
	drainTimeout = 15 * time.Second
	drainSpread  = 3 * time.Second // over which streams end
	partingTime  = 3 * time.Second // for what is still under way when the drain's time is up
	probeTimeout = time.Second
)

// Timeouts bound how long a client may keep a connection.
type Timeouts struct {
	Header time.Duration // to send a request's headers
	Read   time.Duration // to send a request with its body
	Write  time.Duration // to take an answer, from the end of the request's headers; a stream moves it on
	Idle   time.Duration // between requests
}

// DefaultTimeouts are those of a Config that has none.
var DefaultTimeouts = Timeouts{Header: 5 * time.Second, Read: 30 * time.Second, Write: time.Minute, Idle: 2 * time.Minute}

// Config is what a server serves and how.
type Config struct {
	GraphQL    http.Handler // at /graphql
	Playground http.Handler // at / and under /playground/
	Schema     http.Handler // at /schema.graphql
	Ingest     http.Handler // at /ingest/{pipeline}; nil for none

	TLS      func() *tls.Config          // of the next connection; nil where connections are plain
	Gate     *ratelimit.Gate             // of the addresses that requests come from; nil lets all through
	Ready    func(context.Context) error // says whether the server can do its work
	Hosts    []string                    // by which requests may ask for a server on a loopback address, beside its own names; "*" is any
	CORS     CORS
	Timeouts Timeouts // none: DefaultTimeouts
	Logger   *slog.Logger
}

// A Server serves what its Config says, and probes.
type Server struct {
	config   Config
	draining atomic.Bool
	probes   singleflight.Group // of /readyz, which anybody may ask
	requests sync.WaitGroup     // those of GraphQL, whose connections may have been taken over, and of messages
}

// New returns a server.
func New(config Config) *Server {
	if config.Timeouts == (Timeouts{}) {
		config.Timeouts = DefaultTimeouts
	}
	return &Server{config: config}
}

// Serve serves on the listener until ctx is done. Then it takes no new work,
// lets the work in flight finish within a deadline, and returns; streams, which
// have no end of their own, are told to end, one after another. It closes the
// listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	streams := drain.New(func() time.Duration { return rand.N(drainSpread) }) //nolint:gosec // no secret
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	server := &http.Server{
		Handler:           framed(earning(hardened(s.guarded(listener.Addr(), s.routes())))),
		BaseContext:       func(net.Listener) context.Context { return streams.Context(requests) },
		ReadHeaderTimeout: s.config.Timeouts.Header,
		ReadTimeout:       s.config.Timeouts.Read,
		WriteTimeout:      s.config.Timeouts.Write,
		IdleTimeout:       s.config.Timeouts.Idle,
		MaxHeaderBytes:    headerLimit,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return withEarning(withFraming(ctx, conn), conn)
		},
		ConnState: unwatch,
		ErrorLog:  slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),

		HTTP2: s.bounds(),

		DisableGeneralOptionsHandler: true, // which would answer behind framed's back
	}
	if s.config.TLS == nil {
		listener = framedListener{listener}
	} else {
		listener = secured(listener, s.config.TLS, s.config.Timeouts.Header, s.config.Logger)
	}
	server.RegisterOnShutdown(func() { // by now, nothing new comes in
		s.config.Logger.InfoContext(ctx, "draining")
		streams.Begin()
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(deadline)
	// It knows nothing of the connections that were taken over.
	if err = errors.Join(err, s.await(deadline)); err == nil {
		return nil
	}
	endRequests()
	parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
	defer cancel()
	return errors.Join(fmt.Errorf("drain: %w", err), server.Close(), s.await(parting))
}

// bounds returns what one connection of HTTP/2 may have under way, hold in memory,
// or leave lying.
func (s *Server) bounds() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams: streamLimit,
		MaxReadFrameSize:     frameLimit,
		SendPingTimeout:      pingAfter,
		WriteByteTimeout:     s.config.Timeouts.Write,
	}
}

// await waits for those requests until ctx is done.
func (s *Server) await(ctx context.Context) error {
	none := make(chan struct{})
	go func() {
		defer close(none)
		s.requests.Wait()
	}()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("requests in flight: %w", ctx.Err())
	}
}

// counted counts the requests under way.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		defer s.requests.Done()
		next.ServeHTTP(w, r)
	})
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graphql", s.watched(s.config.GraphQL, refuseOperation))
	if s.config.Ingest != nil {
		mux.Handle("/ingest/{pipeline}", s.watched(s.config.Ingest, refuseMessage))
	}
	for pattern, page := range map[string]http.Handler{
		"/schema.graphql": s.config.Schema, "/{$}": s.config.Playground, "/playground/": s.config.Playground,
	} {
		mux.Handle(pattern, s.config.Gate.Handler(page, refusePage))
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	return mux
}

// watched is what comes before work of any kind. Whoever is refused by the gate is told
// so in a way that those understand who ask for it, and pages may read.
func (s *Server) watched(next http.Handler, refuse refusal) http.Handler {
	return s.counted(requestid.Handler(s.config.CORS.handler(s.config.Gate.Handler(traced(next), refuse))))
}

// readyz answers whether requests should be sent here.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.draining.Load():
		answer(w, http.StatusServiceUnavailable, "draining")
	case s.ready(r.Context()) != nil:
		answer(w, http.StatusServiceUnavailable, "the database does not answer")
	default:
		answer(w, http.StatusOK, "ready")
	}
}

// ready says whether the server can do its work: once for all who ask at a time, so
// that they take no more than one connection of those that work is done with.
func (s *Server) ready(ctx context.Context) error {
	_, err, _ := s.probes.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout) // it is not only the first's
		defer cancel()
		return nil, s.config.Ready(ctx)
	})
	return err
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // the client may be gone
}

// traced makes a request a part of the trace that its caller says it belongs to.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" {
			r = r.WithContext(otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header)))
		}
		next.ServeHTTP(w, r)
	})
}
