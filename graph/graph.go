// Package graph serves GraphQL: it reads requests, executes them on resolvers it
// is given, and gives every error a code. It knows the schema and not what is
// behind it.
package graph

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/graph/caching"
	"barograph/graph/generated"
	"barograph/graph/transport"
)

// What is served where a Config says nothing else.
const (
	DefaultBodyLimit  = 8 << 20
	DefaultBatchLimit = 20
)

const (
	operationTimeout = 30 * time.Second
	// A hundred aliases of weather with some fields are 2300 tokens. Validating
	// a document takes time quadratic in them, 0.2 s for the worst of 2500.
	tokenLimit = 2500
	documents  = 1000 // parsed ones kept
)

// Config is what a handler serves and how.
type Config struct {
	Resolvers  generated.ResolverRoot
	Extensions []graphql.HandlerExtension // of the execution, such as loaders
	WebSocket  transport.WebSocketConfig
	Logger     *slog.Logger

	BodyLimit        int64             // bytes of a request's body; 0 is DefaultBodyLimit
	BatchLimit       int               // operations of a request; 0 is DefaultBatchLimit, 1 is no batches
	Origins          transport.Origins // whose pages may change something
	RequirePreflight bool              // for what a page of another origin makes a browser send unasked
}

// New returns a handler of GraphQL over HTTP and over WebSockets.
func New(config Config) http.Handler {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	sockets := config.WebSocket
	sockets.Origin = config.Origins.Allowed
	return &server{
		executor: newExecutor(config),
		transports: []graphql.Transport{
			transport.NewWebSocket(sockets),
			transport.HTTP{
				BodyLimit: cmp.Or(config.BodyLimit, DefaultBodyLimit), BatchLimit: cmp.Or(config.BatchLimit, DefaultBatchLimit),
				Origins: config.Origins, RequirePreflight: config.RequirePreflight, Caching: caching.NewRules(schema),
			},
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
