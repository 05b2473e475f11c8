package transport

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/auth"
	"barograph/graph/allowance"
	"barograph/internal/drain"
)

const (
	tokenHeader      = "X-GraphQL-Event-Stream-Token" //nolint:gosec // the name of one
	operationIDLimit = 128                            // bytes
)

func tokenOf(r *http.Request) string {
	if token := r.Header.Get(tokenHeader); token != "" {
		return token
	}
	if r.URL.RawQuery == "" {
		return ""
	}
	return r.URL.Query().Get("token")
}

// Reservations are of connections for many operations.
type reservations struct {
	limit      int
	own        int           // of one owner
	lifetime   time.Duration // without a connection
	operations int           // on one

	mu     sync.Mutex
	all    map[string]*reservation // guarded by mu, by token
	owners map[string]int          // guarded by mu: how many each has, by name
}

func newReservations(limit, own int, lifetime time.Duration, operations int) *reservations {
	return &reservations{
		limit: limit, own: own, lifetime: lifetime, operations: operations,
		all: map[string]*reservation{}, owners: map[string]int{},
	}
}

// A reservation is of one connection, which may have been made.
type reservation struct {
	owner    *auth.Principal
	ctx      context.Context //nolint:containedctx // that of its operations: it ends with the connection
	release  context.CancelFunc
	messages chan []byte
	expiry   *time.Timer
	running  sync.WaitGroup // operations

	mu         sync.Mutex
	over       bool                // guarded by mu: no more operations begin
	operations map[string]reserved // guarded by mu, by the client's id
}

// A reserved operation can be ended.
type reserved struct {
	cancel context.CancelFunc      // as its client wants it
	end    context.CancelCauseFunc // for a reason that its client is told
}

// reserve makes a reservation, or returns why there are too many.
func (all *reservations) reserve(owner *auth.Principal) (token string, refusal *problem) {
	all.mu.Lock()
	defer all.mu.Unlock()
	switch {
	case all.owners[owner.Name] >= all.own:
		return "", &problem{status: http.StatusTooManyRequests, message: fmt.Sprintf("there are %d event streams of yours, which is as many as there may be", all.own)}
	case len(all.all) >= all.limit:
		return "", &problem{status: http.StatusServiceUnavailable, message: "there are too many reservations of event streams: try again later"}
	}
	all.owners[owner.Name]++
	ctx, release := context.WithCancel(context.Background())
	made := &reservation{owner: owner, ctx: ctx, release: release, messages: make(chan []byte), operations: map[string]reserved{}}
	token = rand.Text()
	all.all[token] = made
	made.expiry = time.AfterFunc(all.lifetime, func() { all.cancel(token, made) })
	return token, nil
}

// find returns the reservation that a request names, nil where there is none, or
// that of somebody else, or of one who may do something else.
func (all *reservations) find(r *http.Request, token string) *reservation {
	all.mu.Lock()
	defer all.mu.Unlock()
	found, p := all.all[token], auth.From(r.Context())
	if found == nil || !found.owner.Same(p) {
		return nil
	}
	return found
}

// cancel ends a reservation and waits for its operations.
func (all *reservations) cancel(token string, r *reservation) {
	all.mu.Lock()
	if all.all[token] == r {
		delete(all.all, token)
		name := r.owner.Name
		if all.owners[name]--; all.owners[name] == 0 {
			delete(all.owners, name)
		}
	}
	all.mu.Unlock()
	r.close()
	r.release()
	r.running.Wait()
}

// reserve answers with the token of a new reservation.
func (s *SSE) reserve(w http.ResponseWriter, r *http.Request) {
	token, refusal := s.reservations.reserve(auth.From(r.Context()))
	if refusal != nil {
		w.Header().Set("Retry-After", "5")
		refusal.answer(w, mediaTypeJSON)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(token)) // the client may be gone
}

const noReservation = "the event stream's token is not known: it was never given, or its time is up"

// open makes the connection that was reserved.
func (s *SSE) open(w http.ResponseWriter, r *http.Request, token string) {
	reserved := s.reservations.find(r, token)
	if reserved == nil {
		refuse(w, mediaTypeJSON, http.StatusNotFound, noReservation)
		return
	}
	if !reserved.expiry.Stop() { // it has been, for a connection or by the time
		refuse(w, mediaTypeJSON, http.StatusConflict, "the event stream is open already")
		return
	}
	ctx, cancel := lasting(r.Context())
	messages := make(chan []byte)
	go func() {
		defer close(messages)
		reserved.forward(ctx, messages)
	}()
	s.stream(r.Context(), w, messages)
	cancel()
	s.reservations.cancel(token, reserved)
	for range messages { // until it has ended
	}
}

// forward hands on what operations send, until ctx is done; and if that is since
// the server stops, or stops knowing whose it is, until they have said so.
func (r *reservation) forward(ctx context.Context, messages chan<- []byte) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		<-ctx.Done()
		switch cause := context.Cause(ctx); {
		case isOver(cause):
			r.close()
			r.endAll(cause)
		case errors.Is(cause, drain.ErrStopping):
			r.close()
		default:
			return
		}
		r.running.Wait()
	}()
	for {
		select {
		case m := <-r.messages:
			messages <- m
		case <-over:
			return
		}
	}
}

// close lets no more operations begin.
func (r *reservation) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
}

// endAll ends all operations for a reason.
func (r *reservation) endAll(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, operation := range r.operations {
		operation.end(why)
	}
}

// begin begins an operation, or returns why it cannot.
func (r *reservation) begin(id string, limit int, operation reserved, operate func()) *problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over:
		return &problem{status: http.StatusNotFound, message: noReservation}
	case r.operations[id].cancel != nil:
		return &problem{status: http.StatusConflict, message: "an operation with this operationId is under way"}
	case len(r.operations) >= limit:
		return &problem{status: http.StatusTooManyRequests, message: fmt.Sprintf("there are %d operations on the event stream, which is as many as there may be", limit)}
	}
	r.operations[id] = operation
	r.running.Go(operate)
	return nil
}

func (r *reservation) end(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.operations, id)
}

func (r *reservation) send(message []byte) {
	select {
	case r.messages <- message:
	case <-r.ctx.Done():
	}
}

// operate begins an operation whose responses go to a connection that is
// reserved.
func (s *SSE) operate(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, token string) {
	stream := s.reservations.find(r, token)
	if stream == nil {
		refuse(w, mediaTypeJSON, http.StatusNotFound, noReservation)
		return
	}
	params, ok := s.read(w, r)
	if !ok {
		return
	}
	id, _ := params.Extensions["operationId"].(string)
	if id == "" || len(id) > operationIDLimit {
		refuse(w, mediaTypeJSON, http.StatusBadRequest, "extensions.operationId must be a string of 1 to 128 bytes")
		return
	}
	operation, errs := exec.CreateOperationContext(r.Context(), params)
	if errs != nil {
		refuseOperation(r.Context(), w, mediaTypeGraphQL, exec, operation, errs)
		return
	}
	if refuseMutation(w, r, operation) {
		return
	}
	// It lasts as long as the connection, and not as this request.
	ctx, end := context.WithCancelCause(context.WithoutCancel(r.Context()))
	ctx, cancel := streamContext(ctx, operation)
	name, _ := json.Marshal(id) // a string
	problem := stream.begin(id, s.reservations.operations, reserved{cancel, end}, func() {
		defer end(nil)
		defer cancel()
		defer context.AfterFunc(stream.ctx, cancel)() //nolint:contextcheck // the connection's
		follow(ctx, exec, operation, "", func(e event) {
			stream.send(nextEvent("", fmt.Appendf(nil, `{"id":%s,"payload":%s}`, name, e.text)))
		})
		stream.end(id)
		stream.send(completeEvent(fmt.Appendf(nil, `{"id":%s}`, name)))
	})
	if problem != nil {
		allowance.Waive(operation)
		cancel()
		end(nil)
		problem.answer(w, mediaTypeJSON)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
}

// stop ends an operation, if it has not ended by itself.
func (s *SSE) stop(w http.ResponseWriter, r *http.Request, token string) {
	reserved, id := s.reservations.find(r, token), r.URL.Query().Get("operationId")
	switch {
	case reserved == nil:
		refuse(w, mediaTypeJSON, http.StatusNotFound, noReservation)
		return
	case id == "":
		refuse(w, mediaTypeJSON, http.StatusBadRequest, "the parameter operationId is missing")
		return
	}
	reserved.mu.Lock()
	cancel := reserved.operations[id].cancel
	reserved.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	w.WriteHeader(http.StatusOK)
}
