package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	stock "github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/auth"
	"barograph/graph/access"
	"barograph/graph/allowance"
	"barograph/graph/cost"
	"barograph/graph/document"
	"barograph/graph/federation"
	"barograph/graph/generated"
	"barograph/graph/incremental"
	"barograph/graph/persisted"
	"barograph/graph/transport"
)

// An executor executes operations, whatever carries them here. It is gqlgen's,
// but for what comes before an operation begins: finding its document, preparing
// it within limits, and what the operation may cost.
type executor struct {
	*stock.Executor
	persisted *persisted.Documents
	documents *document.Documents
	costs     *cost.Table
	limits    cost.Limits
	rules     *access.Rules
	allowance *allowance.Allowance
}

func newExecutor(config Config) *executor {
	executable := generated.NewExecutableSchema(generated.Config{Resolvers: config.Resolvers, Schema: federation.Schema(config.Federation)})
	schema := executable.Schema()
	rules, err := access.NewRules(schema)
	if err != nil {
		panic(err) // the schema is wrong
	}
	e := &executor{
		Executor:  stock.New(executable),
		persisted: persisted.New(config.Persisted, config.Logger),
		documents: document.New(schema, config.documents()),
		costs:     cost.New(schema, listLengths),
		limits:    config.CostLimits,
		rules:     rules,
		allowance: config.Allowance,
	}
	e.SetErrorPresenter(presenter{config.Logger}.present)
	e.SetRecoverFunc(recovered)
	e.SetQueryCache(prepared{})
	e.Use(extension.Introspection{})                      // which the preparation refuses, where it is off
	e.AroundOperations(deadline(config.OperationTimeout)) // around what watches, which takes the end of its context for a client's leave
	e.Use(newObserver(config.Logger))
	if e.allowance != nil {
		e.Use(e.allowance)
	}
	e.AroundResponses(fewErrors(config.ErrorLimit))
	e.AroundResponses(rooted)
	var parts incremental.Extension
	for _, extension := range config.Extensions {
		e.Use(extension)
		if i, ok := extension.(incremental.Interceptor); ok {
			parts.Interceptors = append(parts.Interceptors, i)
		}
	}
	e.AroundRootFields(whileAwaited)
	e.Use(parts)
	return e
}

func (c Config) documents() document.Config {
	return document.Config{Limits: c.Limits, HideSchema: c.HideSchema}
}

// listLengths are the lists that have an item for each in an argument.
var listLengths = map[string]string{
	"Query.cities":            "names",
	"Query.nodes":             "ids",
	"Query._entities":         "representations",
	"Mutation.refreshWeather": "input.cities",
	"Mutation.submitPayloads": "input.payloads",
}

// CreateOperationContext returns the operation that is asked for, ready to be
// dispatched, or why it is refused.
func (e *executor) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	var definition *ast.OperationDefinition // once it is known
	refuse := func(errs ...*gqlerror.Error) (*graphql.OperationContext, gqlerror.List) {
		return &graphql.OperationContext{
			RawQuery: params.Query, OperationName: params.OperationName, Headers: params.Headers, RecoverFunc: recovered, Operation: definition,
			Stats: graphql.Stats{Read: params.ReadTime, OperationStart: graphql.GetStartTime(ctx)},
		}, errs
	}
	bill, refusal := e.allowance.Admit(ctx)
	if refusal != nil {
		return refuse(refusal)
	}
	request, refusal := persisted.Read(params.Query, params.Extensions)
	if refusal != nil {
		return refuse(refusal)
	}
	text, learn, refusal := e.persisted.Text(request)
	if refusal != nil {
		return refuse(refusal)
	}
	d, errs := e.documents.Prepare(text)
	if errs != nil {
		return refuse(errs...)
	}
	if learn {
		e.persisted.Learn(request)
	}
	e.persisted.Note(ctx, text, params.OperationName)
	params.Query = text
	chosen := d.For(params.OperationName, transport.Incremental(ctx))
	if definition = chosen.Operations.ForName(params.OperationName); definition != nil {
		if errs := e.documents.CheckVariables(definition, params.Variables); errs != nil {
			return refuse(errs...)
		}
	}
	ctx = withPrepared(ctx, chosen)
	operation, errs := e.Executor.CreateOperationContext(ctx, params)
	if errs != nil {
		return operation, document.Shorten(errs)
	}
	c, errs := e.weigh(operation)
	if errs != nil {
		return operation, errs
	}
	if refusal := e.allowance.Charge(ctx, bill, operation, c, e.costs.NewMeter(operation.Variables)); refusal != nil {
		return operation, gqlerror.List{refusal}
	}
	e.rules.Apply(operation, auth.From(ctx))
	return operation, nil
}

// weigh finds what an operation costs, and refuses one that costs too much.
func (e *executor) weigh(operation *graphql.OperationContext) (cost.Cost, gqlerror.List) {
	c, refusal := e.costs.Of(operation.Operation, operation.Variables)
	if refusal == nil {
		refusal = e.limits.Check(c)
	}
	if refusal != nil {
		return c, gqlerror.List{refusal}
	}
	cost.Keep(operation, c)
	return c, nil
}

// prepared is gqlgen's cache of documents, which always has the one that was
// prepared for this operation: gqlgen parses and validates none.
type prepared struct{}

type preparedKey struct{}

func withPrepared(ctx context.Context, d *ast.QueryDocument) context.Context {
	return context.WithValue(ctx, preparedKey{}, d)
}

// Get returns the document.
func (prepared) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	d, ok := ctx.Value(preparedKey{}).(*ast.QueryDocument)
	return d, ok
}

// Add has nothing to do.
func (prepared) Add(context.Context, string, *ast.QueryDocument) {}
