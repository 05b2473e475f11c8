package records

import (
	"context"
	"encoding/json"
	"time"

	"barograph/pipeline"
)

// A Progress is how far a record has come.
type Progress struct {
	State           State
	PipelineVersion int             // of the rules that were last applied to it
	Result          json.RawMessage // nil until processed
	Attributes      json.RawMessage // an object, by which it is found; nil for none
	Attempts        int             // in all, also those before a replay
	ProcessedAt     *time.Time      // or skipped
	NextAttemptAt   *time.Time      // of what is QUEUED or RETRYING
	LastError       *Error          // of the last attempt that failed, whatever came of a later one
}

// An Error is why an attempt failed.
type Error struct {
	Code    string
	Message string // for people
	At      time.Time
}

// Why attempts fail.
const (
	StepFailed   = string(pipeline.StepFailed)
	LeaseExpired = "LEASE_EXPIRED" // nothing was heard of the node that had it
	Interrupted  = "INTERRUPTED"   // the node that had it stopped
	Crashed      = "CRASHED"       // the pipeline's program broke down
)

// columns are those of a Record, in the order of its fields.
const columns = `r.pipeline, r.payload_id, r.position, r.payload, r.city_id, r.received_at, r.state, r.pipeline_version, r.result,
	r.attributes, r.attempts, r.processed_at, r.next_attempt_at, r.error_code, r.error_message, r.error_at`

// fields returns where to scan the columns. Once they are scanned, read makes
// the record of them.
func (r *Record) fields() (all []any, read func(context.Context, *Base)) {
	var (
		code, message *string
		at            *time.Time
	)
	all = []any{
		&r.Pipeline, &r.PayloadID, &r.Position, (*[]byte)(&r.Payload), &r.CityID, &r.ReceivedAt, &r.State, &r.PipelineVersion,
		(*[]byte)(&r.Result), (*[]byte)(&r.Attributes), &r.Attempts, &r.ProcessedAt, &r.NextAttemptAt, &code, &message, &at,
	}
	return all, func(ctx context.Context, base *Base) {
		if code != nil {
			r.LastError = &Error{*code, *message, *at}
		}
		base.reveal(ctx, r)
	}
}
