// Package ingest takes payloads in over plain HTTP, as messages: lines of JSON,
// and CloudEvents alone or in batches. It reads a body as it comes, submits what
// has come in groups, and answers what became of each while more is being sent.
// Whether a payload is taken in, and that it takes effect once, is left to the
// intake of package records.
package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"barograph/auth"
	"barograph/internal/fault"
	"barograph/internal/origin"
	"barograph/pipeline"
	"barograph/records"
)

// An Intake takes payloads in, to a pipeline within reach. It returns one
// acceptance a payload, in order, once those that became records are durable. An
// error means that nothing is known of what became of them.
type Intake interface {
	Submit(ctx context.Context, reach pipeline.Reach, name string, payloads []json.RawMessage) ([]records.Acceptance, error)
}

// Pipelines finds those within reach that exist of the pipelines named.
type Pipelines interface {
	Find(ctx context.Context, reach pipeline.Reach, names []string) ([]*pipeline.Pipeline, error)
}

// Config says what a Handler serves, and how much of it.
type Config struct {
	Intake    Intake
	Pipelines Pipelines
	Pages     origin.Pages // that may send
	Streams   int          // at a time; none: DefaultStreams
	Patience  Patience     // for whatever is zero: DefaultPatience
	Charge    Charge       // nil: nothing is charged
	Most      int          // tokens that can be charged at once; none: any number
	Logger    *slog.Logger
}

// A Charge takes tokens from whoever sends: one a request and one a payload. It
// returns why not, a fault.RateLimited that says when to try again.
type Charge func(ctx context.Context, tokens int) error

// DefaultStreams is how many streams a Config that does not say allows.
const DefaultStreams = 64

// Patience says for how long a stream waits.
type Patience struct {
	Item  time.Duration // for the client, until it has sent one more line or event whole
	Write time.Duration // for the client to take what it is answered
	Room  time.Duration // for the gateway or its database, when they have no room
}

// DefaultPatience is that of a Config that has none.
var DefaultPatience = Patience{Item: time.Minute, Write: 30 * time.Second, Room: 20 * time.Second}

const (
	groupLimit    = 1000           // payloads submitted together
	groupBytes    = 4 << 20        // of those, at most about
	streamBytes   = 2 * groupBytes // of payloads read and not yet decided on, in a stream: a group and the next one
	underwayBytes = 64 << 20       // of those, in all streams together
	bufferBytes   = 64 << 10       // read at once
	submitTimeout = 30 * time.Second
)

// A Handler serves POST at /ingest/{pipeline}. It is safe for concurrent use.
type Handler struct {
	config Config
	slots  chan struct{}       // one for each stream
	room   *semaphore.Weighted // for bytes of payloads under way
}

// New returns a handler.
func New(config Config) *Handler {
	config.Streams = cmp.Or(config.Streams, DefaultStreams)
	config.Most = min(cmp.Or(config.Most, groupLimit), groupLimit)
	p := &config.Patience
	p.Item, p.Write, p.Room = cmp.Or(p.Item, DefaultPatience.Item), cmp.Or(p.Write, DefaultPatience.Write), cmp.Or(p.Room, DefaultPatience.Room)
	return &Handler{config: config, slots: make(chan struct{}, config.Streams), room: semaphore.NewWeighted(underwayBytes)}
}

// ServeHTTP answers a request whose path has a value for {pipeline}.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodOptions {
		h.greet(w, r)
		return
	}
	a, wrong := h.read(r)
	if wrong == nil {
		wrong = h.charge(r, a)
	}
	if wrong != nil {
		wrong.answer(r.Context(), w)
		return
	}
	if !a.format.streamed() {
		h.one(w, r, a)
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		busy := refuse(http.StatusServiceUnavailable, fault.Overloaded.Code(), "there are %d streams, which is as many as are served", h.config.Streams)
		busy.problem.RetryAfterMs = time.Second.Milliseconds()
		busy.answer(r.Context(), w)
		return
	}
	if wrong := h.known(r.Context(), a.pipeline); wrong != nil {
		wrong.answer(r.Context(), w)
		return
	}
	h.stream(w, r, a)
}

// charge charges for a request, and for the payload of one that has a single one. It
// returns why that is not even read, or nil.
func (h *Handler) charge(r *http.Request, a asked) *refusal {
	if h.config.Charge == nil {
		return nil
	}
	tokens := 1
	if !a.format.streamed() {
		tokens++
	}
	if err := h.config.Charge(r.Context(), tokens); err != nil {
		return failed(err)
	}
	return nil
}

// greet answers OPTIONS: with what is served, and to those who ask before they
// deliver events, that they may: https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md
func (h *Handler) greet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", methods)
	w.Header().Set("Accept-Post", acceptPost)
	if from := r.Header.Get("WebHook-Request-Origin"); from != "" {
		w.Header().Set("WebHook-Allowed-Origin", from)
		if h.config.Charge == nil {
			w.Header().Set("WebHook-Allowed-Rate", "*")
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// known returns why a pipeline takes nothing in, or nil. It spares whoever sends
// a stream the same refusal for each line.
func (h *Handler) known(ctx context.Context, name string) *refusal {
	found, err := h.config.Pipelines.Find(ctx, auth.From(ctx).Reach, []string{name})
	switch {
	case err != nil:
		return failed(err)
	case len(found) == 0:
		return unknown(name)
	case !found[0].Active:
		return refuse(http.StatusConflict, string(pipeline.Inactive), "the pipeline %q is not active", name)
	}
	return nil
}

func unknown(name string) *refusal {
	return refuse(http.StatusNotFound, string(pipeline.NotFound), "there is no pipeline named %.80q", name)
}
