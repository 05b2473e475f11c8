package operation_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/fault"
	"barograph/internal/operation"
)

// spans are those of all tests, each of which looks for its own by name.
var spans = tracetest.NewSpanRecorder()

func TestMain(m *testing.M) {
	otel.SetTracerProvider(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)))
	m.Run()
}

// newLogger returns a logger and what it logs from a level on, without times.
func newLogger(level slog.Level) (*slog.Logger, *bytes.Buffer) {
	var log bytes.Buffer
	return slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case "elapsed":
			return slog.Bool("elapsed", a.Value.Duration() > 0)
		}
		return a
	}})), &log
}

func span(t *testing.T, name string) sdk.ReadOnlySpan {
	t.Helper()
	for _, s := range spans.Ended() {
		if s.Name() == name {
			return s
		}
	}
	t.Fatalf("no span is named %q", name)
	return nil
}

func TestSuccessIsLoggedWithItsTime(t *testing.T) {
	t.Parallel()
	logger, log := newLogger(slog.LevelDebug)
	got, err := operation.Value(t.Context(), operation.New("count to three"), logger, func(ctx context.Context) (int, error) {
		if name := operation.Name(ctx); name != "count to three" {
			t.Errorf("Name = %q", name)
		}
		return 3, nil
	}, trace.WithAttributes(attribute.Int("numbers", 3)))
	if got != 3 || err != nil {
		t.Errorf("Value = %d, %v, want 3", got, err)
	}
	want := "level=DEBUG msg=\"count to three started\"\nlevel=DEBUG msg=\"count to three succeeded\" elapsed=true numbers=3\n"
	if log.String() != want {
		t.Errorf("log:\n%swant:\n%s", log, want)
	}
	if s := span(t, "count to three"); s.Status().Code == codes.Error || len(s.Attributes()) != 1 {
		t.Errorf("the span ends with %v and %v", s.Status(), s.Attributes())
	}
}

func TestFailureSaysWhatWasDoneAndKeepsItsKind(t *testing.T) {
	t.Parallel()
	cause := errors.New("no route")
	for name, c := range map[string]struct {
		err   error
		level string
	}{
		"ours":           {fault.Wrap(cause, fault.Unavailable, "away"), "WARN"},
		"a bug":          {cause, "ERROR"},
		"the caller's":   {fault.New(fault.NotFound, "nothing there"), "DEBUG"},
		"a deadline":     {context.DeadlineExceeded, "WARN"},
		"a caller gone":  {fmt.Errorf("wait: %w", context.Canceled), "DEBUG"},
		"a gone upfront": {fault.Wrap(context.Canceled, fault.Unavailable, "away"), "DEBUG"},
	} {
		logger, log := newLogger(slog.LevelDebug)
		err := operation.New("fail "+name).Run(t.Context(), logger, func(context.Context) error { return c.err })
		if !errors.Is(err, c.err) || err.Error() != "fail "+name+": "+c.err.Error() || fault.KindOf(err) != fault.KindOf(c.err) || !operation.Logged(err) {
			t.Errorf("%s: Run = %v of kind %v", name, err, fault.KindOf(err))
		}
		if want := fmt.Sprintf("level=%s msg=\"fail %s failed\" elapsed=true err=", c.level, name); !strings.Contains(log.String(), want) {
			t.Errorf("%s: log:\n%swant %s", name, log, want)
		}
		if s := span(t, "fail "+name); s.Status().Code != codes.Error || s.Status().Description != fault.KindOf(c.err).Code() {
			t.Errorf("%s: the span ends with %v", name, s.Status())
		}
	}
}

func TestAFailureIsLoggedOnce(t *testing.T) {
	t.Parallel()
	logger, log := newLogger(slog.LevelInfo)
	outer, inner := operation.New("outer"), operation.New("inner")
	err := outer.Run(t.Context(), logger, func(ctx context.Context) error {
		return inner.Run(ctx, logger, func(context.Context) error { return errors.New("broken") })
	})
	if want := "outer: inner: broken"; err == nil || err.Error() != want {
		t.Errorf("Run = %v, want %s", err, want)
	}
	if want := "level=ERROR msg=\"inner failed\" elapsed=true err=broken\n"; log.String() != want {
		t.Errorf("log:\n%swant:\n%s", log, want)
	}
	if inner, outer := span(t, "inner"), span(t, "outer"); inner.Parent().SpanID() != outer.SpanContext().SpanID() {
		t.Error("the inner span is not below the outer")
	}
	if operation.Logged(errors.New("broken")) {
		t.Error("Logged is true of an error of no operation")
	}
}

func TestAPanicGoesOnAndIsLogged(t *testing.T) {
	t.Parallel()
	logger, log := newLogger(slog.LevelInfo)
	defer func() {
		if p := recover(); p != "a bug" {
			t.Errorf("recovered %v, want the panic", p)
		}
		if want := "level=ERROR msg=\"fall over failed\" elapsed=true err=panic\n"; log.String() != want {
			t.Errorf("log:\n%swant:\n%s", log, want)
		}
		span(t, "fall over")
	}()
	_ = operation.New("fall over").Run(t.Context(), logger, func(context.Context) error { panic("a bug") })
}
