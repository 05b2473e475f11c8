package records

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"barograph/internal/fault"
	"barograph/pipeline"
)

const (
	writers      = 2   // batches written at a time: one commits while the other fills
	batchLimit   = 500 // drafts a statement, beyond which no further submission shares it
	batchBytes   = 4 << 20
	queueLimit   = 8192 // submissions under way; beyond that, or the bytes below, callers are refused
	queueBytes   = 64 << 20
	itemBytes    = 512 // what a draft takes beside its bytes, of those that share a submission
	writeTimeout = 10 * time.Second
	overloadWait = 250 * time.Millisecond
)

// A Writer takes drafts in, each exactly once: many callers at a time share one
// statement and one commit. It is safe for concurrent use while it runs.
type Writer struct {
	base   *Base
	queue  chan *submission
	bytes  atomic.Int64  // of the drafts under way
	closed chan struct{} // closed once nothing more is taken from the queue

	underway underway

	timeout time.Duration // for one attempt to write a batch
}

// A submission is drafts whose caller waits: one, or several that stay in one
// statement.
type submission struct {
	items  []*item
	bytes  int64
	ctx    context.Context   //nolint:containedctx // of the caller, who may leave before its turn
	caller trace.SpanContext // what the caller is doing
	at     time.Time         // when it was taken on
	done   chan struct{}
}

// An item is a draft and what became of it.
type item struct {
	draft    Draft
	settled  bool       // whether it is known what became of the draft
	accepted Acceptance // once settled
	err      error      // why it is not
}

// errStopping answers those who come when nothing more is written.
var errStopping = fault.New(fault.Unavailable, "the server is stopping").After(time.Second)

// NewWriter returns a writer that rings the bell when it wrote. It accepts nothing
// until Run.
func NewWriter(base *Base) *Writer {
	return &Writer{
		base:   base.withBell(),
		queue:  make(chan *submission, queueLimit),
		closed: make(chan struct{}),

		timeout: writeTimeout,
	}
}

// Accept makes the draft a record unless there is one of its key, and returns
// once that is durable. An error means that nothing is known of what became of
// it: the same draft may be sent again, and takes effect once.
func (w *Writer) Accept(ctx context.Context, draft Draft) (Acceptance, error) {
	accepted, err := w.AcceptAll(ctx, []Draft{draft})
	if err != nil {
		return Acceptance{}, err
	}
	return accepted[0], nil
}

// AcceptAll does for several drafts what Accept does for one, in one statement,
// and returns what became of each. Of those with one key, the first is taken in.
// An error means that nothing is known of at least one.
func (w *Writer) AcceptAll(ctx context.Context, drafts []Draft) ([]Acceptance, error) {
	s := &submission{ctx: ctx, caller: trace.SpanContextFromContext(ctx), at: time.Now(), done: make(chan struct{})}
	all := make([]*item, len(drafts))
	for i, d := range drafts {
		all[i] = &item{draft: d.kept()}
		if !pipeline.ValidName(d.Pipeline) {
			// The database does not take every text, and others share the statement.
			all[i].settle(nil, false)
			continue
		}
		s.items = append(s.items, all[i])
		s.bytes += all[i].draft.size()
	}
	s.bytes += int64(max(0, len(s.items)-1)) * itemBytes
	if len(s.items) > 0 {
		if refusal, err := w.submit(ctx, s); err != nil {
			return nil, err
		} else if refusal != nil {
			for _, item := range s.items {
				item.accepted = Acceptance{PayloadID: item.draft.PayloadID, Refusal: refusal}
			}
		}
	}
	accepted := make([]Acceptance, len(all))
	for i, item := range all {
		if item.err != nil {
			return nil, item.err
		}
		accepted[i] = item.accepted
	}
	return accepted, nil
}

// submit returns once the submission is written, or why it is not.
func (w *Writer) submit(ctx context.Context, s *submission) (*pipeline.Refusal, error) {
	select {
	case <-w.closed:
		return nil, errStopping
	default:
	}
	if !w.enqueue(s) {
		refusal := pipeline.Refuse(pipeline.Overloaded, "more payloads are waiting than the server takes on")
		refusal.RetryAfter = overloadWait
		return refusal, nil
	}
	select {
	case <-s.done:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.closed:
		select {
		case <-s.done: // it was in the last batch
			return nil, nil
		default:
			return nil, errStopping
		}
	}
}

// enqueue reports whether there was room for the submission.
func (w *Writer) enqueue(s *submission) bool {
	if w.bytes.Add(s.bytes) > queueBytes {
		w.bytes.Add(-s.bytes)
		return false
	}
	select {
	case w.queue <- s:
		return true
	default:
		w.bytes.Add(-s.bytes)
		return false
	}
}

// Run writes what callers submit until ctx is done, and then what is waiting.
func (w *Writer) Run(ctx context.Context) error {
	defer close(w.closed)
	writing := context.WithoutCancel(ctx) // what has been taken on is written
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for {
				select {
				case s := <-w.queue:
					w.write(writing, w.gather(s))
				case <-ctx.Done():
					w.drain(writing)
					return
				}
			}
		})
	}
	group.Wait()
	return nil
}

func (w *Writer) drain(ctx context.Context) {
	for {
		select {
		case s := <-w.queue:
			w.write(ctx, w.gather(s))
		default:
			return
		}
	}
}

// gather returns the first submission with those that wait behind it. It waits
// for none: while one batch is being written, the next one gathers by itself.
func (w *Writer) gather(first *submission) []*submission {
	batch, drafts, bytes := []*submission{first}, len(first.items), first.bytes
	for drafts < batchLimit && bytes < batchBytes {
		select {
		case s := <-w.queue:
			batch = append(batch, s)
			drafts, bytes = drafts+len(s.items), bytes+s.bytes
		default:
			return batch
		}
	}
	return batch
}

// write accepts a batch and lets its callers go, whatever happens.
func (w *Writer) write(ctx context.Context, batch []*submission) {
	defer w.underway.begin(batch[0].at)()
	defer func() {
		p := recover()
		for _, s := range batch {
			for _, item := range s.items {
				if p != nil && !item.settled {
					item.err = fmt.Errorf("accept payload: panic: %v\n%s", p, debug.Stack())
				}
			}
			w.bytes.Add(-s.bytes)
			close(s.done)
		}
	}()
	present, callers := []*item{}, []trace.SpanContext{}
	for _, s := range batch {
		err := s.ctx.Err()
		for _, item := range s.items {
			item.err = err
		}
		if err == nil {
			present, callers = append(present, s.items...), append(callers, s.caller)
		}
	}
	w.accept(ctx, present, links(callers))
}
