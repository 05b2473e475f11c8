package transport

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/graph/allowance"
	"barograph/graph/incremental"
	"barograph/internal/fault"
)

const mediaTypeMultipart = "multipart/mixed"

// Multipart serves operations by POST whose answers come in parts: queries that
// defer something, in either of the formats that Apollo Client asks for, and
// subscriptions. What has one part alone is answered in one piece.
type Multipart struct {
	HTTP         HTTP          // which serves batches, and reads requests
	Heartbeat    time.Duration // between parts of a subscription that say nothing
	WriteTimeout time.Duration // of one part
}

var _ graphql.Transport = Multipart{}

// Supports reports whether the request accepts parts no less than one piece.
func (Multipart) Supports(r *http.Request) bool {
	if r.Method != http.MethodPost || AsksForWebSocket(r) {
		return false
	}
	parts, events := acceptedParts(r.Header.Values("Accept"))
	return parts != nil || events
}

// acceptedParts returns the format in which a query may be answered in parts, nil
// for none, and whether a subscription may be.
func acceptedParts(accept []string) (parts *partFormat, events bool) {
	all := ranges(accept)
	least, _ := whole(all)
	best, precision := 0.0, -1
	for _, r := range explicit(all, mediaTypeMultipart) {
		if r.weight <= 0 || r.weight < least || len(r.params) > 1 {
			continue
		}
		if r.params["subscriptionspec"] == "1.0" {
			events = true
			continue
		}
		for _, f := range partFormats {
			named := r.params[f.param] == f.version
			if (named || len(r.params) == 0) && (r.weight > best || r.weight == best && len(r.params) > precision) {
				best, precision, parts = r.weight, len(r.params), f
			}
		}
	}
	return parts, events
}

// Do answers the request.
func (t Multipart) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if isBatch(r) {
		t.HTTP.Do(w, r, exec)
		return
	}
	mediaType, ok := negotiate(r.Header.Values("Accept"))
	if !ok { // a refusal is in JSON all the same
		mediaType = mediaTypeGraphQL
	}
	params, wrong := t.HTTP.readOne(w, r)
	if wrong != nil {
		wrong.answer(w, mediaType)
		return
	}
	parts, subscribes := acceptedParts(r.Header.Values("Accept"))
	ctx, delivery := r.Context(), (*incremental.Delivery)(nil)
	if parts != nil {
		ctx, delivery = incremental.New(ctx)
		defer delivery.Wait()
	}
	operation, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		refuseOperation(ctx, w, mediaType, exec, operation, errs)
		return
	}
	ctx, cancel := streamContext(ctx, operation)
	defer cancel()
	switch {
	case !isSubscription(operation) && !ok && parts == nil:
		allowance.Waive(operation)
		refuse(w, mediaType, http.StatusNotAcceptable, "a query or a mutation is answered as application/json, or in parts as multipart/mixed;incrementalSpec=v0.2")
	case !isSubscription(operation):
		t.answer(ctx, cancel, w, reply{exec, operation, delivery, parts, mediaType, !ok})
	case subscribes:
		t.subscribe(ctx, cancel, w, exec, operation)
	default:
		allowance.Waive(operation)
		refuse(w, mediaType, http.StatusNotAcceptable, subscriptions)
	}
}

// isBatch reports whether the request's body begins as an array. It leaves the
// body as it is.
func isBatch(r *http.Request) bool {
	body := bufio.NewReader(r.Body)
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	for n := 1; ; n++ {
		begin, err := body.Peek(n)
		if err != nil {
			return false
		}
		switch begin[n-1] {
		case ' ', '\t', '\r', '\n':
		default:
			return begin[n-1] == '['
		}
	}
}

// A reply is a query or mutation and how it is answered.
type reply struct {
	exec      graphql.GraphExecutor
	operation *graphql.OperationContext
	delivery  *incremental.Delivery // nil where parts are not accepted
	parts     *partFormat
	mediaType string // in one piece
	never     bool   // one piece is not accepted, and so parts are
}

// answer answers a query or a mutation, in one piece unless more follows.
func (t Multipart) answer(ctx context.Context, cancel context.CancelFunc, w http.ResponseWriter, r reply) {
	next, running := r.exec.DispatchOperation(ctx, r.operation)
	defer func() { // those who watch the operation see its end
		cancel()
		for next(running) != nil {
		}
	}()
	first := next(running)
	if first == nil { // the client has left, or the time is up
		first = ended(running)
	}
	if first.HasNext == nil && !r.never {
		respond(w, r.mediaType, http.StatusOK, first)
		return
	}
	var update incremental.Update
	if r.delivery != nil {
		update = r.delivery.Update()
	}
	parts := openParts(w, r.parts.mediaType(), t.WriteTimeout)
	text, err := r.parts.first(first, update)
	for err == nil && parts.send(text, !update.HasNext) == nil && update.HasNext {
		response := next(running)
		if response == nil {
			if ctx.Err() != nil {
				return // the client has left
			}
			response = ended(running)
			r.delivery.Abandon(response.Errors[0])
		}
		update = r.delivery.Update()
		text, err = r.parts.next(response, update)
	}
}

// ended returns the response of an operation that its context has ended.
func ended(ctx context.Context) *graphql.Response {
	known := fault.Of(context.Cause(ctx))
	return &graphql.Response{Errors: list(coded(known.Message, known.Kind))}
}

// subscribe sends a subscription's events until it is over.
func (t Multipart) subscribe(ctx context.Context, cancel context.CancelFunc, w http.ResponseWriter, exec graphql.GraphExecutor, operation *graphql.OperationContext) {
	parts := openParts(w, mediaTypeMultipart+`;boundary="`+boundary+`";subscriptionSpec=1.0`, t.WriteTimeout)
	all := events(ctx, exec, operation, "")
	defer func() {
		cancel()
		for range all { // until it has ended
		}
	}()
	heartbeat := time.NewTicker(t.Heartbeat)
	defer heartbeat.Stop()
	err := parts.begin()
	for err == nil {
		select {
		case e, more := <-all:
			switch {
			case !more:
				_ = parts.end() // nothing follows, whether it arrives or not
				return
			case e.last: // of the transport rather than of the execution
				err = parts.send(append(append([]byte(`{"payload":null,`), e.text[1:len(e.text)-1]...), '}'), false)
			default:
				err = parts.send(append(append([]byte(`{"payload":`), e.text...), '}'), false)
			}
			heartbeat.Reset(t.Heartbeat)
		case <-heartbeat.C:
			err = parts.send([]byte(`{}`), false)
		}
	}
}
