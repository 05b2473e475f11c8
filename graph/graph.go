// Package graph serves GraphQL: it reads requests, executes them on resolvers it
// is given, and gives every error a code. It knows the schema and not what is
// behind it.
package graph

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/graph/allowance"
	"barograph/graph/caching"
	"barograph/graph/cost"
	"barograph/graph/document"
	"barograph/graph/federation"
	"barograph/graph/generated"
	"barograph/graph/persisted"
	"barograph/graph/transport"
)

// What streams over HTTP say when there is nothing to say, for the proxies
// between, of which few wait less than 20 s.
const (
	pingInterval      = 12 * time.Second
	heartbeatInterval = 15 * time.Second
)

const (
	writeTimeout = 5 * time.Second // of one event, for a client that does not read

	reservations    = 10_000 // of event streams that carry many operations
	ownReservations = 1_000  // of them, of one principal
	reservationTime = 30 * time.Second
	operationsLimit = 100 // on one of them
)

// Config is what a handler serves and how. What is left out has a default, but
// for the resolvers and the logger.
type Config struct {
	Resolvers  generated.ResolverRoot
	Extensions []graphql.HandlerExtension // of the execution, such as loaders
	Logger     *slog.Logger

	HTTP      transport.HTTP // but for its rules of caching, which are the schema's
	WebSocket transport.WebSocketConfig

	Federation       bool             // serves as a subgraph of Apollo Federation too
	HideSchema       bool             // refuses introspection, and suggests no names in errors
	Limits           document.Limits  // of documents
	CostLimits       cost.Limits      // of operations, and so of answers
	ErrorLimit       int              // of the errors that one answer tells
	OperationTimeout time.Duration    // of everything but subscriptions
	Persisted        persisted.Config // documents that clients may name

	Allowance *allowance.Allowance // of each principal; nil for no bounds
}

// New returns a handler of GraphQL over HTTP, in one piece, in parts and as a stream
// of events, and over WebSockets.
func New(config Config) http.Handler {
	plain, sockets := transport.NewHTTP(config.HTTP), config.WebSocket
	plain.Caching = caching.NewRules(federation.Schema(config.Federation))
	sockets.Origin = plain.Origins.Allowed
	return &server{
		executor: newExecutor(config),
		room:     transport.NewRoom(transport.DefaultRoom(plain.BodyLimit)),
		transports: []graphql.Transport{
			transport.NewWebSocket(sockets),
			transport.NewSSE(transport.SSEConfig{
				HTTP: plain, Ping: pingInterval, WriteTimeout: writeTimeout,
				Reservations: reservations, OwnReservations: ownReservations, ReservationTime: reservationTime, Operations: operationsLimit,
			}),
			transport.Multipart{HTTP: plain, Heartbeat: heartbeatInterval, WriteTimeout: writeTimeout},
			plain,
		},
		logger: config.Logger,
	}
}

// A server gives each request to the first transport that serves it.
type server struct {
	executor   *executor
	room       *transport.Room     // for bodies
	transports []graphql.Transport // the last one serves every request
	logger     *slog.Logger
}

// ServeHTTP answers one request, or takes its connection over.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { //nolint:contextcheck // the request's own
		if p := recover(); p != nil {
			s.logger.ErrorContext(r.Context(), "internal error", "err", recovered(r.Context(), p))
			http.Error(w, "internal server error", http.StatusInternalServerError)
		}
	}()
	ctx := graphql.StartOperationTrace(r.Context())
	if !transport.AsksForWebSocket(r) {
		ctx, w = s.executor.allowance.Tell(ctx, w, r)
	}
	r = r.WithContext(ctx)
	body, leave := s.room.Body(r.Body)
	defer leave()
	r.Body = body
	for _, t := range s.transports {
		if t.Supports(r) {
			t.Do(w, r, s.executor)
			return
		}
	}
}
