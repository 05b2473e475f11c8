package pipeline

import (
	"context"
	"encoding/json"
	"time"

	"barograph/pipeline/expression"
)

// A Kind of step. Each has a file of its own, and a place in the list that a
// Compiler is given.
type Kind struct {
	Name string // what a definition calls it
	IO   bool   // whether it leaves this process, so that it must be at most as often repeated as needed
	New  func(options json.RawMessage, b *Builder) (Step, error)
}

// A Step does one thing with the payloads of a claim: with all at once, if its
// kind leaves this process, and otherwise with as many at a time as it is given. It
// fails or skips each on its own. It is safe for concurrent use.
type Step interface {
	Run(ctx context.Context, jobs []*Job)
}

// A Job is one payload on its way through the steps of a program.
type Job struct {
	Payload *Payload
	CityID  *int64          // the gazetteer's; nil for none
	Attempt int             // from 1; over all replays
	At      time.Time       // of this attempt
	Value   json.RawMessage // what the steps so far have made of the payload

	program    *Program
	scope      *expression.Scope
	scoped     json.RawMessage // the value that the scope has
	written    bool            // whether a step has written the whole result
	skipped    bool
	failure    *Failure
	result     json.RawMessage
	attributes json.RawMessage
}

// A Failure is why a step could not do its work.
type Failure struct {
	Step    string // by number and kind, as in "steps[1] (http)"
	Message string // for people; without anything that is not theirs to see
}

// Error returns the step and the message.
func (f *Failure) Error() string { return f.Step + ": " + f.Message }

// Skip takes the job out: a filter said no.
func (j *Job) Skip() { j.skipped = true }

// Fail takes the job out, for a reason that people are told.
func (j *Job) Fail(message string) { j.failure = &Failure{Message: message} }

// Out reports whether a step has taken the job out.
func (j *Job) Out() bool { return j.skipped || j.failure != nil }

// Eval evaluates an expression on the payload and what has become of it.
func (j *Job) Eval(ctx context.Context, e *expression.Expression) (expression.Value, error) {
	if j.scope == nil {
		j.scope = expression.NewScope()
		j.scope.Set(payloadVariable, j.Payload.JSON)
		j.scope.SetNow(j.At)
	}
	if len(j.scoped) != len(j.Value) || len(j.Value) > 0 && &j.scoped[0] != &j.Value[0] {
		j.scope.Set(valueVariable, j.Value)
		j.scoped = j.Value
	}
	return e.Eval(ctx, j.scope)
}

// An Outcome is what became of a job.
type Outcome struct {
	Skipped    bool
	Failure    *Failure        // nil when the steps ran, or the job was skipped
	Result     json.RawMessage // nil when it failed or was skipped
	Attributes json.RawMessage // all of them, an object; nil where there is nothing new to what was admitted
}

func (j *Job) outcome() Outcome {
	switch {
	case j.failure == nil && !j.skipped && j.result == nil:
		return Outcome{Failure: &Failure{"processing", "it was broken off"}}
	case j.failure != nil || j.skipped:
		return Outcome{Skipped: j.skipped && j.failure == nil, Failure: j.failure}
	}
	return Outcome{Result: j.result, Attributes: j.attributes}
}
