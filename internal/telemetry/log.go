package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"barograph/internal/operation"
	"barograph/internal/requestid"
)

// Handler returns a handler that passes each record on to next with what its
// context knows: trace and span, request and operation, and what others add, unless
// that is the zero Attr.
func Handler(next slog.Handler, others ...func(context.Context) slog.Attr) slog.Handler {
	return handler{next, others}
}

type handler struct {
	slog.Handler
	others []func(context.Context) slog.Attr
}

// Handle adds what the context knows.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	r = r.Clone()
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	if id := requestid.From(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	if name := operation.Name(ctx); name != "" {
		r.AddAttrs(slog.String("operation", name))
	}
	for _, other := range h.others {
		if attr := other(ctx); attr.Key != "" {
			r.AddAttrs(attr)
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler of the same kind.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.others}
}

// WithGroup returns a handler of the same kind.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.others}
}

// An sdkHandler takes what the SDK says of itself. It warns one below Info, and
// tells below that what only its makers want to know.
type sdkHandler struct{ slog.Handler }

const sdkWarning = slog.LevelInfo - 1

// Enabled reports whether it is worth saying.
func (h sdkHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= sdkWarning && h.Handler.Enabled(ctx, max(level, slog.LevelWarn))
}

// Handle passes the record on as a warning at least.
func (h sdkHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Level = max(r.Level, slog.LevelWarn)
	return h.Handler.Handle(ctx, r)
}
