package records

import (
	"encoding/json"
	"time"

	"barograph/pipeline"
)

// A Draft is a payload that wants to become a record, in the state that its
// progress says: QUEUED when workers are to process it, PROCESSING when its
// sender does once it is a record, or where processing it has led to already.
type Draft struct {
	Key
	Payload     json.RawMessage
	Fingerprint pipeline.Fingerprint
	CityID      *int64
	OrderingKey *string       // nil or "" for none
	ReceivedAt  time.Time     // kept to the microsecond, as all times are
	LeaseTime   time.Duration // for which what is PROCESSING is its sender's
	Progress                  // under the version of the pipeline that it names
}

// An Acceptance is what became of a draft.
type Acceptance struct {
	PayloadID string            // "" where the payload has none
	Record    *Record           // the draft's own, or the first one of its key; nil when refused
	Duplicate bool              // the record was there before, with the same content
	Refusal   *pipeline.Refusal // why the draft was not taken in; nil when it was or had been
	Others    pipeline.Refusals // what else is wrong with a payload
	Lease     Lease             // of a record that is PROCESSING and the draft's own
	Missed    Miss              // why nothing was done, though nothing stands against it
}

// A Miss is why a draft has to be made anew.
type Miss uint8

// The reasons.
const (
	Outdated Miss = iota + 1 // the pipeline has another version than the draft's
	Held                     // earlier records with its ordering key are unfinished: it can be QUEUED alone
)

// kept returns the draft with its times as the database keeps them, so that the
// first answer says what every later one does.
func (d Draft) kept() Draft {
	d.ReceivedAt = kept(d.ReceivedAt)
	if d.OrderingKey != nil && *d.OrderingKey == "" {
		d.OrderingKey = nil
	}
	d.Progress = d.Progress.kept()
	return d
}

func (p Progress) kept() Progress {
	p.ProcessedAt, p.NextAttemptAt = keptOrNil(p.ProcessedAt), keptOrNil(p.NextAttemptAt)
	if p.LastError != nil {
		failed := *p.LastError
		failed.At = kept(failed.At)
		p.LastError = &failed
	}
	return p
}

func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func keptOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(kept(*t))
}

func (d *Draft) size() int64 { return int64(len(d.Payload) + len(d.Result) + len(d.Attributes)) }
