// Package crash checks what gateways promised while they were being killed. A
// test records what producers were answered, what the receiver of an HTTP step
// was called with and what subscribers heard; then it reads what is in the
// database in the end, and the package says what of it all cannot be true
// together. The test, which kills real processes, lives beside it.
package crash

import "sync"

// A Key names a record: one payload id in one pipeline.
type Key struct{ Pipeline, ID string }

// An Outcome is what a producer was told of a payload. Where it was told nothing,
// nothing is recorded.
type Outcome string

// The outcomes.
const (
	Accepted  Outcome = "ACCEPTED"
	Duplicate Outcome = "DUPLICATE"
	Conflict  Outcome = "CONFLICT"
)

// An Answer is what a producer was told of a payload that it sent.
type Answer struct {
	Key
	Content string // what was in the payload
	Outcome Outcome
}

// A Call is one that the receiver of an HTTP step got.
type Call struct {
	Key
	Idempotency string
	Content     string
}

// An Event is what a subscriber heard, each of its connections continuing the one
// before.
type Event struct {
	Cursor string
	Key
	State string
}

// A Record is what is in the database in the end.
type Record struct {
	Key
	Content string
	State   string
	Result  bool // whether there is one
}

// Done is the state that every record must come to: nothing that a crash test
// sends fails for good.
const Done = "PROCESSED"

// A History is what was recorded. It is safe for concurrent use until it is
// checked.
type History struct {
	mu      sync.Mutex
	answers []Answer        // guarded by mu
	calls   []Call          // guarded by mu
	events  map[int][]Event // guarded by mu, by subscriber
}

// Answered records what a producer was told.
func (h *History) Answered(answers ...Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = append(h.answers, answers...)
}

// Called records a call of an HTTP step, before it is answered.
func (h *History) Called(c Call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, c)
}

// Heard records what a subscriber heard.
func (h *History) Heard(subscriber int, e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.events == nil {
		h.events = map[int][]Event{}
	}
	h.events[subscriber] = append(h.events[subscriber], e)
}

// Last returns the cursor that a subscriber heard last, "" for none.
func (h *History) Last(subscriber int) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	events := h.events[subscriber]
	if len(events) == 0 {
		return ""
	}
	return events[len(events)-1].Cursor
}

// Figures say how much was recorded.
type Figures struct{ Accepted, Duplicates, Conflicts, Calls, Events int }

// Figures counts what was recorded so far.
func (h *History) Figures() (f Figures) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.answers {
		switch a.Outcome {
		case Accepted:
			f.Accepted++
		case Duplicate:
			f.Duplicates++
		case Conflict:
			f.Conflicts++
		}
	}
	for _, events := range h.events {
		f.Events += len(events)
	}
	f.Calls = len(h.calls)
	return f
}
