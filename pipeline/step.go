package pipeline

import (
	"context"
	"encoding/json"
	"time"
)

// A Kind of step. Each has a file of its own, and a place in the list that a
// Compiler is given.
type Kind struct {
	Name string // what a definition calls it
	IO   bool   // whether it leaves this process, so that it must be at most as often repeated as needed
	New  func(options json.RawMessage, b *Builder) (Step, error)
}

// A Step does one thing with the payloads of a claim, all at once. It fails or
// skips each on its own and leaves those alone that are out already. It is safe
// for concurrent use.
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

	skipped bool
	failure *Failure
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

// An Outcome is what became of a job.
type Outcome struct {
	Skipped    bool
	Failure    *Failure        // nil when the steps ran, or the job was skipped
	Result     json.RawMessage // nil when it failed or was skipped
	Attributes json.RawMessage // all of them, an object; nil where there is nothing new to what was admitted
}
