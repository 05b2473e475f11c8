package ingest

import (
	"barograph/pipeline"
	"barograph/records"
)

// An outcome is what became of a payload.
type outcome string

const (
	accepted  outcome = "ACCEPTED"
	duplicate outcome = "DUPLICATE" // it was taken in before, with the same content
	conflict  outcome = "CONFLICT"  // the id was taken before, by other content, which stands
	rejected  outcome = "REJECTED"  // sending it again does not help
	undecided outcome = "FAILED"    // sending it again does
)

// A result is what a client is told of a payload.
type result struct {
	Line    int      `json:"line,omitempty"`
	ID      string   `json:"id,omitempty"`
	Outcome outcome  `json:"outcome"`
	Problem *problem `json:"problem,omitempty"`
}

// resultOf returns the result of a payload that the intake decided on.
func resultOf(i item, a *records.Acceptance) result {
	r := result{Line: i.line, ID: i.id, Outcome: accepted}
	if a.PayloadID != "" {
		r.ID = a.PayloadID
	}
	if a.Refusal != nil {
		r.Outcome, r.Problem = refusedAs(a.Refusal.Code), problemOf(a.Refusal)
	} else if a.Duplicate {
		r.Outcome = duplicate
	}
	return r
}

func refusedAs(code pipeline.Code) outcome {
	switch code {
	case pipeline.PayloadConflict:
		return conflict
	case pipeline.Overloaded:
		return undecided
	}
	return rejected
}

// refusedResult returns the result of a payload that was not even submitted.
func refusedResult(i item) result {
	return result{Line: i.line, ID: i.id, Outcome: rejected, Problem: problemOf(i.refusal)}
}

// failedResult returns the result of a payload whose submission failed, so that
// nothing is known of it.
func failedResult(i item, err error) result {
	return result{Line: i.line, ID: i.id, Outcome: undecided, Problem: problemOfError(err)}
}

// A summary is the last that a stream is told.
type summary struct {
	Complete  bool     `json:"complete"` // whether all that was sent was read
	Read      int      `json:"read"`     // the number of the last line, or event, that is decided on
	Accepted  int      `json:"accepted"`
	Duplicate int      `json:"duplicate"`
	Conflict  int      `json:"conflict"`
	Rejected  int      `json:"rejected"`
	Failed    int      `json:"failed"`
	Problem   *problem `json:"problem,omitempty"` // why it is not complete
}

// add counts a result.
func (s *summary) add(r result) {
	s.Read = r.Line
	switch r.Outcome {
	case accepted:
		s.Accepted++
	case duplicate:
		s.Duplicate++
	case conflict:
		s.Conflict++
	case rejected:
		s.Rejected++
	case undecided:
		s.Failed++
	}
}
