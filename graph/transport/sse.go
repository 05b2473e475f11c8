package transport

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/graph/allowance"
)

const mediaTypeEvents = "text/event-stream"

// SSE serves operations over server-sent events, by the protocol of the library
// graphql-sse: one connection for each operation, by POST, or by GET as a
// browser's EventSource does it; or one for many operations, which are asked for
// by requests of their own.
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
type SSE struct {
	http         HTTP
	ping         time.Duration
	writeTimeout time.Duration
	reservations *reservations
}

// SSEConfig says how server-sent events are served.
type SSEConfig struct {
	HTTP         HTTP          // which reads requests
	Ping         time.Duration // between comments that keep a connection
	WriteTimeout time.Duration // of one event

	Reservations    int           // that there may be, of connections for many operations
	OwnReservations int           // of them, of one principal
	ReservationTime time.Duration // for how long one is kept until it is used
	Operations      int           // that there may be on such a connection
}

var _ graphql.Transport = (*SSE)(nil)

// NewSSE returns the transport.
func NewSSE(config SSEConfig) *SSE {
	return &SSE{config.HTTP, config.Ping, config.WriteTimeout,
		newReservations(config.Reservations, config.OwnReservations, config.ReservationTime, config.Operations)}
}

// Supports reports whether the request accepts events more than other answers,
// or belongs to a connection for many operations.
func (*SSE) Supports(r *http.Request) bool {
	if AsksForWebSocket(r) || r.Method == http.MethodOptions {
		return false
	}
	many := r.Method == http.MethodPut || r.Method == http.MethodDelete || tokenOf(r) != ""
	return many || acceptsEvents(r.Header.Values("Accept"))
}

func acceptsEvents(accept []string) bool {
	all := ranges(accept)
	if len(explicit(all, mediaTypeEvents)) == 0 {
		return false
	}
	weight, place := weigh(all, mediaTypeEvents, nil)
	other, otherPlace := whole(all)
	if weight == 0 || weight < other {
		return false
	}
	named := otherPlace >= 0 && !strings.HasSuffix(all[otherPlace].name, "*")
	return weight > other || !named || place < otherPlace
}

// Do answers the request.
func (s *SSE) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	token, accepts := tokenOf(r), acceptsEvents(r.Header.Values("Accept"))
	switch {
	case !s.http.Origins.Allowed(r) && !isReading(r):
		foreign().answer(w, mediaTypeJSON)
	case r.Method == http.MethodPut:
		s.reserve(w, r)
	case r.Method == http.MethodDelete:
		s.stop(w, r, token)
	case token == "":
		s.one(w, r, exec)
	case accepts && (r.Method == http.MethodGet || r.Method == http.MethodPost):
		s.open(w, r, token)
	default:
		s.operate(w, r, exec, token)
	}
}

// read reads what a request asks for. It refuses the request itself and returns
// false if that cannot be executed.
func (s *SSE) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, bool) {
	params, wrong := s.http.readOne(w, r)
	if wrong != nil {
		wrong.answer(w, mediaTypeJSON)
		return nil, false
	}
	return params, true
}

// refuseMutation refuses a mutation by GET, and reports whether it did.
func refuseMutation(w http.ResponseWriter, r *http.Request, operation *graphql.OperationContext) bool {
	if r.Method != http.MethodGet || operation.Operation.Operation != ast.Mutation {
		return false
	}
	allowance.Waive(operation)
	w.Header().Set("Allow", "POST")
	refuse(w, mediaTypeJSON, http.StatusMethodNotAllowed, "mutations are served by POST")
	return true
}

// one serves one operation on a connection of its own.
func (s *SSE) one(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	params, ok := s.read(w, r)
	if !ok {
		return
	}
	operation, errs := exec.CreateOperationContext(r.Context(), params)
	if errs != nil { // an EventSource cannot see the body of a refusal
		text, err := encode(exec.DispatchError(graphql.WithOperationContext(r.Context(), operation), errs))
		if err == nil {
			_ = openOutlet(w, eventsContentType, s.writeTimeout).write(nextEvent("", text), completeEvent(nil)) // the client may be gone
		}
		return
	}
	if refuseMutation(w, r, operation) {
		return
	}
	ctx, cancel := streamContext(r.Context(), operation)
	messages := make(chan []byte)
	go func() {
		defer close(messages)
		follow(ctx, exec, operation, lastEventID(r), func(e event) { messages <- nextEvent(e.id, e.text) })
		messages <- completeEvent(nil)
	}()
	s.stream(r.Context(), w, messages)
	cancel()
	for range messages { // until it has ended
	}
}

const eventsContentType = mediaTypeEvents + "; charset=utf-8"

// pingEvent is a comment, which clients do not see. One is sent at once, since
// some browsers wait for the first byte.
var pingEvent = []byte(":\n\n")

// stream sends messages until there are no more, the client leaves, or does not
// read.
func (s *SSE) stream(client context.Context, w http.ResponseWriter, messages <-chan []byte) {
	out := openOutlet(w, eventsContentType, s.writeTimeout)
	ping := time.NewTicker(s.ping)
	defer ping.Stop()
	err := out.write(pingEvent)
	for err == nil {
		select {
		case message, more := <-messages:
			if !more {
				return
			}
			err = out.write(message)
			ping.Reset(s.ping)
		case <-ping.C:
			err = out.write(pingEvent)
		case <-client.Done():
			return
		}
	}
}

// nextEvent returns a message with a response in it. Line breaks in JSON are
// nothing but space, and would end the message.
func nextEvent(id string, response []byte) []byte {
	var message bytes.Buffer
	if id != "" && !strings.ContainsAny(id, "\r\n\x00") {
		message.WriteString("id: " + id + "\n")
	}
	message.WriteString("event: next\ndata: ")
	for _, b := range response {
		if b == '\n' || b == '\r' {
			b = ' '
		}
		message.WriteByte(b)
	}
	message.WriteString("\n\n")
	return message.Bytes()
}

// completeEvent returns the message that an operation is complete. It has data
// even if that is empty: else an EventSource would not show it.
func completeEvent(data []byte) []byte {
	return append(append([]byte("event: complete\ndata: "), data...), "\n\n"...)
}

// lastEventID returns the id of the event that the client has received last. An
// EventSource sends it as a header, but cannot the first time.
func lastEventID(r *http.Request) string {
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		return id
	}
	return r.URL.Query().Get("lastEventId")
}
