package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/graph/generated"
	"barograph/graph/incremental"
)

// newExecutor returns what executes operations, whatever carries them here.
func newExecutor(config Config) *executor.Executor {
	e := executor.New(generated.NewExecutableSchema(generated.Config{Resolvers: config.Resolvers}))
	e.SetErrorPresenter(presenter{config.Logger}.present)
	e.SetRecoverFunc(recovered)
	e.SetParserTokenLimit(tokenLimit)
	e.SetDefaultRulesFn(validationRules)
	e.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	e.Use(extension.Introspection{})
	e.AroundOperations(withinTimeout)
	e.Use(newObserver(config.Logger))
	var parts incremental.Extension
	for _, extension := range config.Extensions {
		e.Use(extension)
		if i, ok := extension.(incremental.Interceptor); ok {
			parts.Interceptors = append(parts.Interceptors, i)
		}
	}
	e.Use(parts)
	return e
}

// withinTimeout gives an operation its deadline, for all parts of its answer, but
// not a subscription, which waits for events.
func withinTimeout(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if isSubscription(graphql.GetOperationContext(ctx)) {
		return next(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	responses := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		if response == nil || response.HasNext == nil || !*response.HasNext {
			cancel()
		}
		return response
	}
}

func isSubscription(operation *graphql.OperationContext) bool {
	return operation.Operation != nil && operation.Operation.Operation == ast.Subscription
}
