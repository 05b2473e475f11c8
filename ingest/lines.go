package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// An item is what stands in one place of a stream.
type item struct {
	line    int    // of those lines or events, from 1
	id      string // of the payload, where it is known before it is submitted
	payload json.RawMessage
	refusal *pipeline.Refusal // why there is no payload
}

// blank reports whether nothing stands there.
func (i item) blank() bool { return i.payload == nil && i.refusal == nil }

// A reader reads items one by one, and returns io.EOF after the last one. Blank
// ones it returns too, since they show that the client is there.
type reader interface{ next() (item, error) }

// lineReader reads lines of JSON.
type lineReader struct {
	from *bufio.Reader
	line int
}

func newLineReader(from io.Reader) *lineReader {
	return &lineReader{from: bufio.NewReaderSize(from, bufferBytes)}
}

const blanks = " \t\r\n"

func (l *lineReader) next() (item, error) {
	text, long, err := l.read()
	if err != nil && (!errors.Is(err, io.EOF) || text == nil && !long) {
		return item{}, err // a line that was cut off is no line
	}
	l.line++
	return l.item(text, long), nil
}

func (l *lineReader) item(text []byte, long bool) item {
	text = bytes.Trim(text, blanks)
	switch err := strictjson.Check(text); {
	case long || len(text) > pipeline.PayloadLimit:
		return item{line: l.line, refusal: tooLarge("line")}
	case len(text) == 0:
		return item{line: l.line}
	case err != nil:
		return item{line: l.line, refusal: pipeline.Refuse(pipeline.PayloadNotObject, "the line is refused: %v", err)}
	}
	return item{line: l.line, payload: text}
}

// read reads up to the end of a line, or of all. It keeps no more of a line than
// a payload may have, and tells whether there was more.
func (l *lineReader) read() (text []byte, long bool, err error) {
	const limit = pipeline.PayloadLimit + len("\r\n")
	for {
		piece, err := l.from.ReadSlice('\n')
		if long = long || len(text)+len(piece) > limit; long {
			text = nil
		} else {
			text = append(text, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, long, err
		}
	}
}

func tooLarge(what string) *pipeline.Refusal {
	return pipeline.Refuse(pipeline.PayloadTooLarge, "the %s has more than %d bytes", what, pipeline.PayloadLimit)
}
