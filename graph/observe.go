package graph

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"barograph/auth"
	"barograph/internal/fault"
	"barograph/internal/operation"
)

const scope = "barograph/graph"

var (
	tracer        = otel.Tracer(scope)
	meter         = otel.Meter(scope)
	operations, _ = meter.Int64Counter("graphql.server.operations",
		metric.WithDescription("Operations that ended, by type, name and the code of the error that tells most."))
	durations, _ = meter.Float64Histogram("graphql.server.operation.duration",
		metric.WithUnit("s"), metric.WithDescription("How long operations took, by type and name; subscriptions from beginning to end."))
)

// An observer watches operations: each is a span, lines in the log and some
// measurements. Fields are left alone, for watching each costs too much.
type observer struct {
	logger *slog.Logger
	names  *names
	active *active
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
} = observer{}

func newObserver(logger *slog.Logger) observer { return observer{logger, newNames(), newActive()} }

// ExtensionName names the extension.
func (observer) ExtensionName() string { return "Observer" }

// Validate finds no fault with any schema.
func (observer) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation watches one operation until its last response.
func (o observer) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	document := graphql.GetOperationContext(ctx)
	r := &run{observer: o, name: o.names.of(document.Operation), kind: document.Operation.Operation, start: document.Stats.Read.End}
	ctx, r.span = tracer.Start(r.name.operation.Within(ctx), r.name.title, r.name.span...)
	if p := auth.From(ctx); r.span.IsRecording() && p.Kind != auth.Developer {
		r.span.SetAttributes(attribute.String("enduser.id", p.Name))
	}
	if o.logger.Enabled(ctx, slog.LevelDebug) {
		o.logger.DebugContext(ctx, r.name.title+" started")
	}
	responses := next(ctx)
	r.active.begin(r.kind)
	return func(ctx context.Context) (response *graphql.Response) {
		over := true
		defer func() {
			if over { // after a panic too
				r.end(ctx)
			}
		}()
		response = responses(ctx)
		r.note(ctx, response)
		over = response == nil || !r.streams() && (response.HasNext == nil || !*response.HasNext)
		return response
	}
}

// InterceptResponse counts what was refused before it became an operation that
// runs: it is in no named context.
func (o observer) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if response != nil && len(response.Errors) > 0 && operation.Name(ctx) == "" && graphql.HasOperationContext(ctx) {
		code := worst("", response)
		name := o.names.of(graphql.GetOperationContext(ctx).Operation)
		operations.Add(ctx, 1, name.labels, failed(code))
		o.logger.DebugContext(ctx, name.title+" refused", "code", code)
	}
	return response
}

// A run is one operation that is watched.
type run struct {
	observer
	name  *name
	start time.Time
	span  trace.Span
	kind  ast.Operation

	code  string // of the error that tells most, so far
	ended bool
}

// streams reports whether there may be any number of responses.
func (r *run) streams() bool { return r.kind == ast.Subscription }

// note takes in a response: nil when there is none.
func (r *run) note(ctx context.Context, response *graphql.Response) {
	switch {
	case response != nil:
		r.code = worst(r.code, response)
	case r.streams() || r.ended: // that was the last one
	case errors.Is(context.Cause(ctx), context.Canceled):
		r.code = canceled
	default:
		r.code = fault.Of(context.Cause(ctx)).Kind.Code()
	}
}

func (r *run) end(ctx context.Context) {
	if r.ended {
		return // a WebSocket asks until there is no response
	}
	r.ended = true
	elapsed := time.Since(r.start)
	r.active.end(r.kind)
	durations.Record(ctx, elapsed.Seconds(), r.name.measure...)
	if r.code == "" {
		operations.Add(ctx, 1, r.name.count...)
		if r.logger.Enabled(ctx, slog.LevelDebug) {
			r.logger.DebugContext(ctx, r.name.title+" succeeded", "elapsed", elapsed)
		}
		r.span.End()
		return
	}
	operations.Add(ctx, 1, r.name.labels, failed(r.code))
	level := slog.LevelDebug
	if kind, known := fault.Parse(r.code); known && kind.Ours() && !errors.Is(ctx.Err(), context.Canceled) {
		level = slog.LevelWarn
		r.span.SetStatus(codes.Error, r.code)
	}
	r.logger.Log(ctx, level, r.name.title+" failed", "elapsed", elapsed, "code", r.code)
	r.span.SetAttributes(errorType(r.code))
	r.span.End()
}

// canceled is the code of an operation whose client left before the answer,
// which nobody is told.
const canceled = "CANCELED"

func errorType(code string) attribute.KeyValue { return attribute.String("error.type", code) }

func failed(code string) metric.MeasurementOption { return metric.WithAttributes(errorType(code)) }

// worst returns the code that tells most of the one so far and those in a
// response: a failure of ours before any other, else the first. Codes are few,
// since the presenter gives them.
func worst(code string, response *graphql.Response) string {
	for _, err := range response.Errors {
		next, _ := err.Extensions["code"].(string)
		if kind, known := fault.Parse(next); code == "" || known && kind == fault.Internal {
			code = next
		}
	}
	return code
}
