package loaders

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/fault"
)

var tracer = otel.Tracer("barograph/loaders")

// linksLimit is how many of its callers a batch is linked to: as many links as
// the SDK keeps of a span by default.
const linksLimit = 128

// A trail shows in the trace of an operation which of its fields waited for
// which batch of a loader. A batch often leaves before the fields come that
// wait for it, so that it is linked to them, and its span ended, with the
// operation. A nil trail, that of an operation nobody traces, shows nothing.
type trail[K comparable] struct {
	loader    string
	operation trace.Span

	mu      sync.Mutex
	waiters map[K][]trace.Link // guarded by mu: the fields that asked for a key
	batches []*journey[K]      // guarded by mu: those whose spans have not ended
	over    bool               // guarded by mu: no more fields come
}

// A journey is that of one batch.
type journey[K comparable] struct {
	span trace.Span
	keys []K
	end  time.Time // guarded by the trail's mu; zero while the batch is under way
}

func newTrail[K comparable](operation trace.Span, loader string) *trail[K] {
	if !operation.IsRecording() {
		return nil
	}
	return &trail[K]{loader: loader, operation: operation, waiters: map[K][]trace.Link{}}
}

// wait shows that the field that ctx belongs to waits for a key until the
// function it returns is called.
func (t *trail[K]) wait(ctx context.Context, key K) (arrived func()) {
	if t == nil {
		return func() {}
	}
	_, span := tracer.Start(ctx, "load "+t.loader, trace.WithAttributes(attribute.String("graphql.field.path", graphql.GetPath(ctx).String())))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiters[key] = append(t.waiters[key], trace.Link{SpanContext: span.SpanContext()})
	return func() { span.End() }
}

// leave shows that a batch is under way, within the context it returns, until
// the function it returns is called with the error of the whole batch.
func (t *trail[K]) leave(ctx context.Context, keys []K) (_ context.Context, arrived func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	// It belongs to the operation rather than to the field that happened to send it off.
	ctx, span := tracer.Start(trace.ContextWithSpan(ctx, t.operation), "batch "+t.loader,
		trace.WithAttributes(attribute.Int("barograph.batch.keys", len(keys))))
	j := &journey[K]{span: span, keys: keys}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.batches = append(t.batches, j)
	return ctx, func(err error) {
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, fault.KindOf(err).Code())
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if j.end = time.Now(); t.over {
			t.finish(j)
		}
	}
}

// close says that the operation is over. A batch it did not wait for ends its
// span when it arrives.
func (t *trail[K]) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for _, j := range t.batches {
		if !j.end.IsZero() {
			t.finish(j)
		}
	}
}

// finish links a batch to those who waited for it and ends its span at the time
// it arrived. The caller holds mu.
func (t *trail[K]) finish(j *journey[K]) {
	callers := 0
	for _, key := range j.keys {
		for _, link := range t.waiters[key] {
			if callers++; callers <= linksLimit {
				j.span.AddLink(link)
			}
		}
	}
	j.span.SetAttributes(attribute.Int("barograph.batch.callers", callers))
	j.span.End(trace.WithTimestamp(j.end))
}
