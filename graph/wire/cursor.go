package wire

import (
	"encoding/base64"
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
)

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
	parts, ok := decode(recordCursor, *cursor)
	if !ok || len(parts) != 2 {
		return nil, badCursor(argument)
	}
	micros, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return nil, badCursor(argument)
	}
	position, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return nil, badCursor(argument)
	}
	c := &records.Cursor{ReceivedAt: time.UnixMicro(micros).UTC(), Position: position}
	if year := c.ReceivedAt.Year(); year < 1 || year > 9999 {
		return nil, badCursor(argument)
	}
	return c, nil
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

func encode(kind string, parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + strings.Join(parts, ":")))
}

func decode(kind, cursor string) (parts []string, ok bool) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return nil, false
	}
	rest, ok := strings.CutPrefix(string(text), kind+":")
	return strings.Split(rest, ":"), ok
}

func badCursor(argument string) error {
	return fault.New(fault.BadInput, "%s is not a cursor of this connection", argument)
}
