// Package records keeps payloads and what became of them: it takes them in,
// each exactly once, finds them again, and tells who listens what has changed.
// What processing makes of a payload is package pipeline's.
package records

import (
	"encoding/json"
	"strings"
	"time"

	"barograph/pipeline"
)

// A State says how far a record has come.
type State string

// The states of a record.
const (
	Queued     State = "QUEUED"
	Processing State = "PROCESSING"
	Retrying   State = "RETRYING"
	Processed  State = "PROCESSED"
	Skipped    State = "SKIPPED"
	Dead       State = "DEAD"
)

// A Record is a payload that was taken in, and what became of it.
type Record struct {
	Key
	Position   int64 // grows with each record taken in; breaks ties of ReceivedAt
	Payload    json.RawMessage
	CityID     *int64 // the gazetteer's; nil when the payload names none that is known
	ReceivedAt time.Time
	Progress
	Unreadable error // why Payload and Result could not be opened, and are nil
}

// OpenedPayload returns the payload, or why it could not be opened.
func (r *Record) OpenedPayload() (json.RawMessage, error) { return r.Payload, r.Unreadable }

// OpenedResult returns the result, nil until processed, or why it could not be
// opened.
func (r *Record) OpenedResult() (json.RawMessage, error) { return r.Result, r.Unreadable }

// A Key names a record: one payload id in one pipeline.
type Key struct {
	Pipeline  string
	PayloadID string
}

const idPrefix = "Record:"

// ID returns the record's global id. It never changes.
func (k Key) ID() string { return idPrefix + k.Pipeline + ":" + k.PayloadID }

// ParseID returns the key in a global id, and whether it is a record's.
func ParseID(id string) (Key, bool) {
	rest, is := strings.CutPrefix(id, idPrefix)
	name, payloadID, cut := strings.Cut(rest, ":") // a name has no colon
	k := Key{name, payloadID}
	return k, is && cut && k.valid()
}

// Compare orders keys as Postgres does under the "C" collation.
func (k Key) Compare(other Key) int {
	if c := strings.Compare(k.Pipeline, other.Pipeline); c != 0 {
		return c
	}
	return strings.Compare(k.PayloadID, other.PayloadID)
}

// valid reports whether there can be a record of the key. What cannot be is not
// asked of the database, which would not take every text.
func (k Key) valid() bool {
	return pipeline.ValidName(k.Pipeline) && pipeline.ValidID(k.PayloadID)
}
