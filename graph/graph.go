// Package graph serves GraphQL: it reads requests, executes them on resolvers it
// is given, and gives every error a code. It knows the schema and not what is
// behind it.
package graph

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	stock "github.com/99designs/gqlgen/graphql/handler/transport"

	"barograph/graph/generated"
	"barograph/graph/transport"
)

const (
	bodyLimit        = 8 << 20
	operationTimeout = 30 * time.Second
	// A hundred aliases of weather with some fields are 2300 tokens. Validating
	// a document takes time quadratic in them, 0.2 s for the worst of 2500.
	tokenLimit = 2500
	documents  = 1000 // parsed ones kept

	messageLimit      int64 = 1 << 20 // of a WebSocket
	connectTimeout          = 5 * time.Second
	keepAliveInterval       = 20 * time.Second

	// What streams over HTTP say when there is nothing to say, for the proxies
	// between, of which few wait less than 20 s.
	pingInterval      = 12 * time.Second
	heartbeatInterval = 15 * time.Second
	writeTimeout      = 5 * time.Second // of one event, for a client that does not read

	reservations    = 10_000 // of event streams that carry many operations
	reservationTime = 30 * time.Second
	operationsLimit = 100 // on one of them
)

// Config is what a handler serves and how.
type Config struct {
	Resolvers  generated.ResolverRoot
	Extensions []graphql.HandlerExtension // of the execution, such as loaders
	Logger     *slog.Logger
}

// New returns a handler of GraphQL over HTTP, in one piece, in parts and as a stream
// of events, and over WebSockets.
func New(config Config) http.Handler {
	limit := messageLimit
	overHTTP := transport.HTTP{BodyLimit: bodyLimit}
	return &server{
		executor: newExecutor(config),
		transports: []graphql.Transport{
			transport.NewWebSocket(stock.Websocket{
				Implementation:   stock.CoderWebsocketImplementation{}, // which serves the same origin alone
				InitTimeout:      connectTimeout,
				PingPongInterval: keepAliveInterval,
				PayloadReadLimit: &limit,
				ErrorFunc:        socketErrors{config.Logger}.log,
			}),
			transport.NewSSE(transport.SSEConfig{
				HTTP: overHTTP, Ping: pingInterval, WriteTimeout: writeTimeout,
				Reservations: reservations, ReservationTime: reservationTime, Operations: operationsLimit,
			}),
			transport.Multipart{HTTP: overHTTP, Heartbeat: heartbeatInterval, WriteTimeout: writeTimeout},
			overHTTP,
		},
		logger: config.Logger,
	}
}

// A server gives each request to the first transport that serves it.
type server struct {
	executor   graphql.GraphExecutor
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
	r = r.WithContext(graphql.StartOperationTrace(r.Context()))
	for _, t := range s.transports {
		if t.Supports(r) {
			t.Do(w, r, s.executor)
			return
		}
	}
}
