package pipeline

import (
	"encoding/json"
	"time"
)

// A Definition says what a pipeline does with its payloads.
type Definition struct {
	InputSchema json.RawMessage      `json:"inputSchema"` // JSON Schema 2020-12; nil takes any payload
	Steps       []json.RawMessage    `json:"steps"`       // in order, each of a kind
	Attributes  map[string]Attribute `json:"attributes"`  // plain and indexed, by name
	City        *string              `json:"city"`        // CEL; nil reads the payload's "city"
	OrderingKey *string              `json:"orderingKey"` // CEL; payloads with the same key are processed one after the other
	Retry       Retry                `json:"retry"`
	Retention   Retention            `json:"retention"`
}

// An Attribute is a value of a record by which it is found and grouped.
type Attribute struct {
	Expression string `json:"expression"` // CEL, of the payload and, once there is one, the result
	Type       string `json:"type"`       // STRING, NUMBER or BOOLEAN
	Range      bool   `json:"range"`      // of a NUMBER: whether it can be asked for from one value to another
}

// A Retry says how a payload is tried again whose steps fail.
type Retry struct {
	Attempts     int   `json:"attempts"` // in all; after the last one the record is DEAD
	BackoffMs    int64 `json:"backoffMs"`
	BackoffMaxMs int64 `json:"backoffMaxMs"`
	DeadlineMs   int64 `json:"deadlineMs"` // after the payload was received; 0 for none
}

// A Retention says for how long finished records are kept. Zero keeps them.
type Retention struct {
	ProcessedSeconds int64 `json:"processedSeconds"` // of PROCESSED and SKIPPED, since then
	DeadSeconds      int64 `json:"deadSeconds"`
}

// defaultRetry is that of a definition that says nothing of it.
var defaultRetry = Retry{Attempts: 5, BackoffMs: 1000, BackoffMaxMs: 300_000}

// Next returns when a payload is tried again that was received at a time and
// whose attempts so far, now the last one, have all failed; and false if it is
// not. The wait doubles from attempt to attempt, and of it random, from 0 to 1,
// says how much is taken off, by a half at most, so that payloads which failed
// together do not come back together.
func (r Retry) Next(attempts int, received, now time.Time, random float64) (time.Time, bool) {
	if attempts >= r.Attempts {
		return time.Time{}, false
	}
	wait := min(float64(r.BackoffMaxMs), float64(r.BackoffMs)*float64(uint64(1)<<min(attempts-1, 40)))
	next := now.Add(time.Duration(wait * (1 - random/2) * float64(time.Millisecond)))
	late := r.DeadlineMs > 0 && next.Sub(received) > time.Duration(r.DeadlineMs)*time.Millisecond
	return next, !late
}
