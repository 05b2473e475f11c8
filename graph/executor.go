package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/graph/federation"
	"barograph/graph/generated"
)

// newExecutor returns what executes operations, whatever carries them here.
func newExecutor(config Config) *executor.Executor {
	e := executor.New(generated.NewExecutableSchema(generated.Config{Resolvers: config.Resolvers, Schema: federation.Schema(config.Federation)}))
	e.SetErrorPresenter(presenter{config.Logger}.present)
	e.SetRecoverFunc(recovered)
	e.SetParserTokenLimit(tokenLimit)
	e.SetDefaultRulesFn(validationRules)
	e.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	e.Use(extension.Introspection{})
	e.Use(newObserver(config.Logger))
	for _, extension := range config.Extensions {
		e.Use(extension)
	}
	e.AroundResponses(withinTimeout)
	return e
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
