// Package graph serves GraphQL: it reads requests, executes them on resolvers it
// is given, and gives every error a code. It knows the schema and not what is
// behind it.
package graph

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	stock "github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

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
)

// Config is what a handler serves and how.
type Config struct {
	Resolvers  generated.ResolverRoot
	Extensions []graphql.HandlerExtension // of the execution, such as loaders
	Logger     *slog.Logger
}

// New returns a handler of GraphQL over HTTP and over WebSockets.
func New(config Config) http.Handler {
	server := handler.New(generated.NewExecutableSchema(generated.Config{Resolvers: config.Resolvers}))
	server.SetErrorPresenter(presenter{config.Logger}.present)
	server.SetRecoverFunc(recovered)
	server.SetParserTokenLimit(tokenLimit)
	server.SetValidationRulesFn(validationRules)
	server.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	server.Use(extension.Introspection{})
	server.Use(newObserver(config.Logger))
	for _, e := range config.Extensions {
		server.Use(e)
	}
	limit := messageLimit
	server.AroundResponses(withinTimeout)
	server.AddTransport(transport.NewWebSocket(stock.Websocket{
		Implementation:   stock.CoderWebsocketImplementation{}, // which serves the same origin alone
		InitTimeout:      connectTimeout,
		PingPongInterval: keepAliveInterval,
		PayloadReadLimit: &limit,
		ErrorFunc:        socketErrors{config.Logger}.log,
	}))
	server.AddTransport(transport.HTTP{BodyLimit: bodyLimit})
	return server
}

// withinTimeout gives an operation its deadline, but for a subscription, whose
// response is the wait for an event.
func withinTimeout(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) || isSubscription(graphql.GetOperationContext(ctx)) {
		return next(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	return next(ctx)
}

func isSubscription(operation *graphql.OperationContext) bool {
	return operation.Operation != nil && operation.Operation.Operation == ast.Subscription
}
