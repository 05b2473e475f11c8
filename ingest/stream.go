package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"barograph/auth"
	"barograph/internal/drain"
	"barograph/internal/fault"
)

// stream answers a request whose body may go on for ever. One goroutine reads
// it; this one submits what came meanwhile, one group after the other, so that
// what came first stands first, and tells what became of it. Where either end is
// slow, the other waits: for the client, for the intake, and for room.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, a asked) {
	streams.Add(r.Context(), 1)
	defer streams.Add(r.Context(), -1)
	session, end := auth.Session(r.Context())
	defer end()
	ctx, cancel := drain.Stream(session)
	defer cancel()
	if strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		w.WriteHeader(http.StatusContinue) // which nobody else sends once the answer has begun
	}
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 is so by itself
	from := &source{body: r.Body, control: control, patience: h.config.Patience.Item}
	defer context.AfterFunc(ctx, from.stop)()
	in := h.follow(ctx, from, a)
	defer in.stop(cancel)

	out := openOutlet(w, control, h.config.Patience.Write, a)
	sum, err := h.serve(ctx, a.pipeline, in, out)
	if in.stop(cancel); err == nil {
		err = in.err
	}
	if err != nil {
		sum.Problem = problemOfError(err)
	}
	sum.Complete = err == nil
	if gone := out.end(sum); gone != nil {
		err = gone
	}
	countEnding(r.Context(), err)
}

// serve submits what comes in, and tells what became of it, until there is no
// more or it makes no sense to go on: then it returns why.
func (h *Handler) serve(ctx context.Context, pipeline string, in *inlet, out *outlet) (sum summary, err error) {
	for first := range in.items {
		g := gather(pipeline, first, in.items, h.config.Most)
		h.decide(ctx, g)
		in.release(g.bytes)
		countResults(ctx, g.results)
		for _, r := range g.results {
			sum.add(r)
		}
		if err := out.tell(g.results); err != nil {
			return sum, err
		}
		if len(g.pending) > 0 {
			stuck := g.results[g.pending[0]].Problem
			kind, _ := fault.Parse(stuck.Code)
			return sum, fault.New(kind, "%s", stuck.Message).After(time.Duration(stuck.RetryAfterMs) * time.Millisecond)
		}
	}
	return sum, nil
}

// An inlet is a body being read.
type inlet struct {
	h     *Handler
	from  *source
	room  *semaphore.Weighted // for bytes of payloads under way: one client takes not all there is
	items chan item           // closed at the end
	err   error               // why that came, once items is closed; nil if it was that of the body
}

// follow begins to read.
func (h *Handler) follow(ctx context.Context, from *source, a asked) *inlet {
	in := &inlet{h: h, from: from, room: semaphore.NewWeighted(streamBytes), items: make(chan item, groupLimit)}
	var body io.Reader = from
	if a.gzip {
		body = &unzipped{from: from}
	}
	var all reader = newLineReader(body)
	if a.format == batch {
		all = newBatchReader(body)
	}
	go func() {
		defer close(in.items)
		in.err = why(ctx, in.read(ctx, all), from.patience)
	}()
	return in
}

// read reads items until there are no more, or ctx is done.
func (in *inlet) read(ctx context.Context, all reader) (err error) {
	defer func() {
		if p := recover(); p != nil { // which would end the program, in a goroutine of its own
			err = fmt.Errorf("read payloads: panic: %v\n%s", p, debug.Stack())
			in.h.config.Logger.ErrorContext(ctx, "a stream cannot be read", "err", err)
		}
	}()
	for {
		it, err := all.next()
		if err != nil {
			return err
		}
		in.from.heard()
		if it.blank() {
			continue
		}
		if err := in.acquire(ctx, int64(len(it.payload))); err != nil {
			return err
		}
		select {
		case in.items <- it:
		case <-ctx.Done():
			in.release(int64(len(it.payload)))
			return ctx.Err()
		}
	}
}

// stop ends the reading and waits for that. What was read and not taken is
// dropped.
func (in *inlet) stop(cancel context.CancelFunc) {
	cancel()
	in.from.stop()
	for it := range in.items {
		in.release(int64(len(it.payload)))
	}
}

// acquire waits for room in the stream, and only then for room in all of them.
func (in *inlet) acquire(ctx context.Context, bytes int64) error {
	if err := in.room.Acquire(ctx, bytes); err != nil {
		return err
	}
	if err := in.h.room.Acquire(ctx, bytes); err != nil {
		in.room.Release(bytes)
		return err
	}
	return nil
}

func (in *inlet) release(bytes int64) {
	in.h.room.Release(bytes)
	in.room.Release(bytes)
}

// why returns what to tell of the end of a stream, nil if all was read.
func why(ctx context.Context, err error, patience time.Duration) error {
	var known, over *fault.Error
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(context.Cause(ctx), drain.ErrStopping):
		return fault.New(fault.Unavailable, "the server is stopping: what follows was not read, and another server will").After(time.Second)
	case errors.As(context.Cause(ctx), &over) && over.Kind == fault.Unauthenticated:
		return over
	case errors.Is(err, os.ErrDeadlineExceeded): // which ends the request's context, too
		return fault.New(fault.Timeout, "nothing whole has come for %v: what follows was not read", patience)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &known):
		return err
	}
	return fault.Wrap(err, fault.BadRequest, "the body cannot be read to its end")
}
