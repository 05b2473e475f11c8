package ingest

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// batchReader reads the events of a batch, an array of JSON, one after another.
// An event that is refused is the only one; where the array itself is broken,
// nobody can tell where the next event begins, and the batch ends.
type batchReader struct {
	from  *bufio.Reader
	event int
	begun bool
}

func newBatchReader(from io.Reader) *batchReader {
	return &batchReader{from: bufio.NewReaderSize(from, bufferBytes)}
}

func (b *batchReader) next() (item, error) {
	first, err := b.begin()
	if err != nil {
		return item{}, err
	}
	b.event++
	text, long, err := b.value(first)
	if err != nil {
		return item{}, err
	}
	switch strict := strictjson.Check(text); {
	case long:
		return item{line: b.event, refusal: tooLarge("event")}, nil
	case strict == nil:
		return eventItem(b.event, text), nil
	case json.Valid(text):
		return item{line: b.event, refusal: pipeline.Refuse(pipeline.PayloadInvalid, "the event is refused: %v", strict)}, nil
	}
	return item{}, brokenBatch("event %d is not valid JSON", b.event)
}

// begin reads to the first byte of an event and returns it, or io.EOF at the end
// of the batch.
func (b *batchReader) begin() (byte, error) {
	c, err := b.visible()
	switch {
	case err != nil:
		return 0, err
	case !b.begun && c != '[':
		return 0, brokenBatch("it is not a JSON array")
	case !b.begun:
		b.begun = true
		if c, err = b.visible(); err != nil || c != ']' {
			return c, err
		}
	case c == ',':
		return b.visible()
	case c != ']':
		return 0, brokenBatch("neither a comma nor the end follows event %d", b.event)
	}
	for { // to the end of the body, which must be near
		switch c, err := b.from.ReadByte(); {
		case err != nil:
			return 0, err
		case !isBlank(c):
			return 0, brokenBatch("something follows its end")
		}
	}
}

// visible returns the next byte that is no blank.
func (b *batchReader) visible() (byte, error) {
	for {
		if c, err := b.from.ReadByte(); err != nil || !isBlank(c) {
			return c, unfinished(err)
		}
	}
}

func isBlank(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

// value returns the JSON value that begins with a byte. It keeps no more of it
// than a payload may have, and tells whether there was more. An object is there
// with its last byte: nothing that follows is waited for.
func (b *batchReader) value(first byte) (text []byte, long bool, err error) {
	depth, quoted, escaped := 0, false, false
	for c := first; ; {
		switch {
		case escaped:
			escaped = false
		case quoted:
			quoted, escaped = c != '"', c == '\\'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == ']' || isBlank(c)):
			return text, long, b.from.UnreadByte()
		case c == '}' || c == ']':
			depth--
		}
		if len(text) < pipeline.PayloadLimit {
			text = append(text, c)
		} else {
			long = true
		}
		if depth == 0 && (c == '}' || c == ']') && !quoted {
			return text, long, nil
		}
		if c, err = b.from.ReadByte(); err != nil {
			return nil, false, unfinished(err)
		}
	}
}

func brokenBatch(format string, args ...any) error {
	return fault.New(fault.BadRequest, "the batch is broken: "+format, args...)
}

// unfinished returns err, which met a batch before its end.
func unfinished(err error) error {
	if errors.Is(err, io.EOF) {
		return brokenBatch("it ends too early")
	}
	return err
}
