package wire

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

// A cursor is opaque: base64url of what it points at, behind a letter for its kind.
const (
	recordCursor   = "r"
	pipelineCursor = "p"
	keyCursor      = "k"
	auditCursor    = "a"
	eventCursor    = "e1" // with the version of what follows, since clients keep it
)

// cursorLimit is more than any cursor has.
const cursorLimit = 256

// RecordCursor returns a record's place as a cursor.
func RecordCursor(r *records.Record) string {
	c := r.Cursor()
	return encode(recordCursor, strconv.FormatInt(c.ReceivedAt.UnixMicro(), 10), strconv.FormatInt(c.Position, 10))
}

// ParseRecordCursor returns the place that a cursor points at, nil for no cursor.
func ParseRecordCursor(argument string, cursor *string) (*records.Cursor, error) {
	if cursor == nil {
		return nil, nil
	}
	at, text, err := parseTimed(recordCursor, argument, cursor)
	if err != nil {
		return nil, err
	}
	position, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, badCursor(argument)
	}
	return &records.Cursor{ReceivedAt: at, Position: position}, nil
}

// parseTimed returns the time that a cursor of a kind points at, and what tells
// apart those of one time. It returns neither for no cursor.
func parseTimed(kind, argument string, cursor *string) (at time.Time, rest string, err error) {
	if cursor == nil {
		return time.Time{}, "", nil
	}
	parts, ok := decode(kind, *cursor)
	if !ok || len(parts) != 2 {
		return time.Time{}, "", badCursor(argument)
	}
	micros, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return time.Time{}, "", badCursor(argument)
	}
	at = time.UnixMicro(micros).UTC()
	if year := at.Year(); year < 1 || year > 9999 {
		return time.Time{}, "", badCursor(argument)
	}
	return at, parts[1], nil
}

// PipelineCursor returns a pipeline's place as a cursor.
func PipelineCursor(p *pipeline.Pipeline) string { return encode(pipelineCursor, p.Name) }

// ParsePipelineCursor returns the name that a cursor points at, nil for no cursor.
func ParsePipelineCursor(argument string, cursor *string) (*string, error) {
	if cursor == nil {
		return nil, nil
	}
	parts, ok := decode(pipelineCursor, *cursor)
	if !ok || len(parts) != 1 || !pipeline.ValidName(parts[0]) {
		return nil, badCursor(argument)
	}
	return &parts[0], nil
}

// EventCursor returns a place in the feed as a cursor.
func EventCursor(b records.Bookmark) string {
	return encode(eventCursor, strconv.FormatUint(b.Epoch, 36), strconv.FormatUint(b.Transaction, 10), strconv.FormatInt(b.Position, 10))
}

// ParseEventCursor returns the place that a cursor points at, nil for no cursor.
func ParseEventCursor(argument string, cursor *string) (*records.Bookmark, error) {
	if cursor == nil {
		return nil, nil
	}
	parts, ok := decode(eventCursor, *cursor)
	if !ok || len(parts) != 3 {
		return nil, badCursor(argument)
	}
	var (
		b    records.Bookmark
		errs [3]error
	)
	b.Epoch, errs[0] = strconv.ParseUint(parts[0], 36, 64)
	b.Transaction, errs[1] = strconv.ParseUint(parts[1], 10, 64)
	b.Position, errs[2] = strconv.ParseInt(parts[2], 10, 64)
	if errors.Join(errs[:]...) != nil || b.Position < 0 {
		return nil, badCursor(argument)
	}
	return &b, nil
}

func encode(kind string, parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + strings.Join(parts, ":")))
}

func decode(kind, cursor string) (parts []string, ok bool) {
	if len(cursor) > cursorLimit {
		return nil, false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return nil, false
	}
	rest, ok := strings.CutPrefix(string(text), kind+":")
	return strings.Split(rest, ":"), ok
}

func badCursor(argument string) error {
	return fault.New(fault.BadInput, "%s is not a cursor of what it is given to", argument)
}
