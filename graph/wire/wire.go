// Package wire has the shapes that only the wire has: scalars, enums, inputs
// and results, connections and global ids. What they stand for is in the
// domains; finding it is left to the resolvers.
package wire

import (
	"encoding/json"
	"errors"

	"barograph/gazetteer"
	"barograph/pipeline"
	"barograph/records"
)

// A Node is anything with a global id: a *gazetteer.City, *Weather,
// *pipeline.Pipeline, *records.Record or *apikey.Key.
type Node any

// An Entity is what other subgraphs refer to: a *gazetteer.City,
// *pipeline.Pipeline or *records.Record.
type Entity any

// A Service is what a subgraph says of itself.
type Service struct{ SDL string }

// A RecordEvent is a change of a record.
type RecordEvent struct {
	Cursor string
	Record *records.Record
}

// RefreshWeatherResult says what became of a refresh.
type RefreshWeatherResult struct {
	Weather  []*Weather // nil for an unknown city
	Problems []Problem
}

// ProcessPayloadResult says what became of a payload.
type ProcessPayloadResult struct {
	Record    *records.Record
	Duplicate bool
	Problems  []Problem
}

// SubmitPayloadsResult says what became of payloads.
type SubmitPayloadsResult struct {
	Outcomes []PayloadOutcome
	Problems []Problem
}

// A PayloadOutcome is Accepted, Duplicate, Conflict or Rejected.
type PayloadOutcome any

// Accepted is a payload that was taken in.
type Accepted struct{ Record *records.Record }

// Duplicate is a payload that had been taken in before.
type Duplicate struct{ Record *records.Record }

// Conflict is a payload whose id another one has.
type Conflict struct {
	Record  *records.Record
	Problem Problem
}

// Rejected is a payload that was not taken in.
type Rejected struct {
	PayloadID *string
	Problem   Problem
}

// ReplayRecordsResult says what became of a replay.
type ReplayRecordsResult struct {
	Matched, Replayed, Remaining int
	Problems                     []Problem
}

// A PipelineResult says what became of a pipeline to make or to change.
type PipelineResult struct {
	Pipeline *pipeline.Pipeline
	Problems []Problem
}

// TestPipelineResult says what becomes of a sample.
type TestPipelineResult struct {
	City        *gazetteer.City
	OrderingKey *string
	Attributes  json.RawMessage
	Steps       []pipeline.TriedStep
	Result      json.RawMessage
	Skipped     bool
	Failure     *string
	Problems    []Problem
}

// A Problem says why a mutation was refused.
type Problem struct{ *pipeline.Refusal }

// RetryAfterMs returns how long to wait before trying again, and false where
// that does not help.
func (p Problem) RetryAfterMs() (int, bool) {
	return int(p.RetryAfter.Milliseconds()), p.RetryAfter > 0
}

// WeatherNotRefreshed is the reason why a report is not a new one.
const WeatherNotRefreshed pipeline.Code = "WEATHER_NOT_REFRESHED"

// RecordsNotNamed is the reason why a replay does nothing: it was not said what to
// replay.
const RecordsNotNamed pipeline.Code = "RECORDS_NOT_NAMED"

// Problems returns the refusal, and others beside it, as a list, which is empty
// when there is none.
func Problems(refusal *pipeline.Refusal, others ...*pipeline.Refusal) []Problem {
	if refusal == nil {
		return []Problem{}
	}
	problems := []Problem{{refusal}}
	for _, other := range others {
		problems = append(problems, Problem{other})
	}
	return problems
}

// AllRefused takes every refusal out of an error, as problems, of which there are
// none where there is no error.
func AllRefused(err error) ([]Problem, error) {
	var several pipeline.Refusals
	if !errors.As(err, &several) {
		refusal, err := Refused(err)
		return Problems(refusal), err
	}
	problems := make([]Problem, len(several))
	for i, refusal := range several {
		problems[i] = Problem{refusal}
	}
	return problems, nil
}

// Refused takes the refusal out of an error: an expected no is part of the
// answer, where any other error stays one.
func Refused(err error) (*pipeline.Refusal, error) {
	var refusal *pipeline.Refusal
	if errors.As(err, &refusal) {
		return refusal, nil
	}
	return nil, err
}
