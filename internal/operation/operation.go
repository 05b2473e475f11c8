// Package operation watches what the program does, by name. Each run of an
// operation is a span, a measurement of how long it took, and lines in the log
// when it starts and ends; when it fails, its error says what was being done
// and keeps its kind.
//
// An operation is told apart by its name alone. What it is about, payloads and
// secrets foremost, is never logged: whoever runs it chooses the few attributes
// that are safe to show.
package operation

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/fault"
)

const scope = "barograph/internal/operation"

var (
	tracer       = otel.Tracer(scope)
	durations, _ = otel.Meter(scope).Float64Histogram("barograph.operation.duration",
		metric.WithUnit("s"), metric.WithDescription("How long operations took, by name and by the code of the error of those that failed."))
)

// An Operation is something the program does. It is safe for concurrent use.
type Operation struct {
	name      string
	succeeded metric.MeasurementOption
}

// New returns the operation with a name that says what is done, as in "process
// payload". Names are few and fixed: each is a label of metrics.
func New(name string) *Operation {
	return &Operation{name, metric.WithAttributeSet(attribute.NewSet(attribute.String("barograph.operation", name)))}
}

// Run runs the operation once and returns its error, wrapped. Options are the
// span's; the attributes among them are logged too.
func (o *Operation) Run(ctx context.Context, logger *slog.Logger, do func(context.Context) error, options ...trace.SpanStartOption) error {
	start := time.Now()
	ctx, span := tracer.Start(o.Within(ctx), o.name, options...)
	o.log(ctx, logger, slog.LevelDebug, "started", nil)

	err := errPanic
	defer func() { o.end(ctx, logger, time.Since(start), err, options) }() // also when do panics
	defer span.End()
	if err = do(ctx); err == nil {
		return nil
	}
	span.RecordError(err)
	span.SetStatus(codes.Error, fault.KindOf(err).Code())
	return &failure{o.name, err}
}

// Value runs an operation that has a result.
func Value[T any](ctx context.Context, o *Operation, logger *slog.Logger, do func(context.Context) (T, error), options ...trace.SpanStartOption) (value T, err error) {
	err = o.Run(ctx, logger, func(ctx context.Context) (err error) {
		value, err = do(ctx)
		return err
	}, options...)
	return value, err
}

// end measures and logs a run that is over.
func (o *Operation) end(ctx context.Context, logger *slog.Logger, elapsed time.Duration, err error, options []trace.SpanStartOption) {
	if err == nil {
		durations.Record(ctx, elapsed.Seconds(), o.succeeded)
		o.log(ctx, logger, slog.LevelDebug, "succeeded", options, slog.Duration("elapsed", elapsed))
		return
	}
	durations.Record(ctx, elapsed.Seconds(), o.succeeded, metric.WithAttributes(attribute.String("error.type", fault.KindOf(err).Code())))
	o.log(ctx, logger, level(err), "failed", options, slog.Duration("elapsed", elapsed), slog.Any("err", err))
}

func (o *Operation) log(ctx context.Context, logger *slog.Logger, level slog.Level, what string, options []trace.SpanStartOption, attrs ...slog.Attr) {
	if !logger.Enabled(ctx, level) {
		return
	}
	config := trace.NewSpanStartConfig(options...)
	for _, a := range config.Attributes() {
		attrs = append(attrs, slog.Any(string(a.Key), a.Value.AsInterface()))
	}
	logger.LogAttrs(ctx, level, o.name+" "+what, attrs...)
}
