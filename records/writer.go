package records

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"barograph/internal/fault"
	"barograph/pipeline"
)

const (
	writers      = 2   // batches written at a time: one commits while the other fills
	batchLimit   = 500 // drafts a statement
	batchBytes   = 4 << 20
	queueLimit   = 8192 // drafts under way; beyond that, or the bytes below, callers are refused
	queueBytes   = 64 << 20
	writeTimeout = 10 * time.Second
	overloadWait = 250 * time.Millisecond
)

// A Draft is a processed payload that wants to become a record.
type Draft struct {
	Key
	Payload     json.RawMessage
	Fingerprint pipeline.Fingerprint
	Result      json.RawMessage
	CityID      *int64
	ReceivedAt  time.Time // kept to the microsecond, as ProcessedAt is
	ProcessedAt time.Time
}

// An Acceptance is what became of a draft.
type Acceptance struct {
	Record    *Record           // the draft's own, or the first one of its key; nil when refused
	Duplicate bool              // the record was there before, with the same content
	Refusal   *pipeline.Refusal // why the draft was not taken in; nil when it was or had been
}

// A Writer takes drafts in, each exactly once: many callers at a time share one
// statement and one commit. It is safe for concurrent use while it runs.
type Writer struct {
	base   *Base
	feed   *Feed
	queue  chan *submission
	bytes  atomic.Int64  // of the drafts under way
	closed chan struct{} // closed once nothing more is taken from the queue

	underway underway

	timeout time.Duration // for one attempt to write a batch
}

// A submission is a draft whose caller waits.
type submission struct {
	draft    Draft
	ctx      context.Context //nolint:containedctx // of the caller, who may leave before its turn
	at       time.Time       // when it was taken on
	settled  bool            // whether it is known what became of the draft
	accepted Acceptance      // once settled
	err      error           // why it is not
	done     chan struct{}
}

// errStopping answers those who come when nothing more is written.
var errStopping = fault.New(fault.Unavailable, "the server is stopping").After(time.Second)

// NewWriter returns a writer that rings the feed's bell when it wrote. It accepts
// nothing until Run.
func NewWriter(base *Base, feed *Feed) *Writer {
	return &Writer{
		base:   base,
		feed:   feed,
		queue:  make(chan *submission, queueLimit),
		closed: make(chan struct{}),

		timeout: writeTimeout,
	}
}

// Accept makes the draft a record unless there is one of its key, and returns
// once that is durable. An error means that nothing is known of what became of
// it: the same draft may be sent again, and takes effect once.
func (w *Writer) Accept(ctx context.Context, draft Draft) (Acceptance, error) {
	draft.ReceivedAt, draft.ProcessedAt = kept(draft.ReceivedAt), kept(draft.ProcessedAt)
	if !pipeline.ValidName(draft.Pipeline) {
		// The database does not take every text, and others share the statement.
		return verdict(&draft, nil, false), nil
	}
	select {
	case <-w.closed:
		return Acceptance{}, errStopping
	default:
	}
	s := &submission{draft: draft, ctx: ctx, at: time.Now(), done: make(chan struct{})}
	if !w.enqueue(s) {
		refusal := pipeline.Refuse(pipeline.Overloaded, "more payloads are waiting than the server takes on")
		refusal.RetryAfter = overloadWait
		return Acceptance{Refusal: refusal}, nil
	}
	select {
	case <-s.done:
		return s.accepted, s.err
	case <-ctx.Done():
		return Acceptance{}, ctx.Err()
	case <-w.closed:
		select {
		case <-s.done: // it was in the last batch
			return s.accepted, s.err
		default:
			return Acceptance{}, errStopping
		}
	}
}

// kept returns the time as the database keeps it, so that the first answer says
// what every later one does.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// enqueue reports whether there was room for the submission.
func (w *Writer) enqueue(s *submission) bool {
	if w.bytes.Add(s.size()) > queueBytes {
		w.bytes.Add(-s.size())
		return false
	}
	select {
	case w.queue <- s:
		return true
	default:
		w.bytes.Add(-s.size())
		return false
	}
}

func (s *submission) size() int64 { return int64(len(s.draft.Payload) + len(s.draft.Result)) }

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
	batch, bytes := []*submission{first}, first.size()
	for len(batch) < batchLimit && bytes < batchBytes {
		select {
		case s := <-w.queue:
			batch = append(batch, s)
			bytes += s.size()
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
			if p != nil && !s.settled {
				s.err = fmt.Errorf("accept payload: panic: %v\n%s", p, debug.Stack())
			}
			w.bytes.Add(-s.size())
			close(s.done)
		}
	}()
	present := batch[:0:0]
	for _, s := range batch {
		if s.err = s.ctx.Err(); s.err == nil {
			present = append(present, s)
		}
	}
	w.accept(ctx, present)
}
