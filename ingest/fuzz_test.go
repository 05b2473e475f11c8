package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// all reads what a reader reads, and how that ended.
func all(r reader) (items []item, err error) {
	for {
		i, err := r.next()
		if err != nil {
			return items, err
		}
		items = append(items, i)
	}
}

// agree fails unless a text read byte by byte gives the same as read at once.
func agree(t *testing.T, at func(io.Reader) reader, text []byte) (items []item, err error) {
	t.Helper()
	items, err = all(at(bytes.NewReader(text)))
	slow, slowErr := all(at(iotest.OneByteReader(bytes.NewReader(text))))
	if len(slow) != len(items) || (err == nil) != (slowErr == nil) {
		t.Fatalf("read at once: %d items and %v; byte by byte: %d and %v", len(items), err, len(slow), slowErr)
	}
	for i := range items {
		if !bytes.Equal(items[i].payload, slow[i].payload) || (items[i].refusal == nil) != (slow[i].refusal == nil) || items[i].line != slow[i].line {
			t.Fatalf("item %d differs, read byte by byte", i)
		}
		if items[i].payload != nil && (strictjson.Check(items[i].payload) != nil || items[i].refusal != nil) {
			t.Fatalf("item %d is no strict JSON, or both taken and refused", i)
		}
	}
	return items, err
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"id\":\"a\"}\r\n\n nonsense\n{\"id\":\"b\"}"))
	f.Add([]byte(`{"id":"` + strings.Repeat("x", pipeline.PayloadLimit-9) + `"}` + "\n\n[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		items, err := agree(t, func(r io.Reader) reader { return newLineReader(r) }, text)
		if !errors.Is(err, io.EOF) {
			t.Fatalf("ended by %v", err)
		}
		lines := bytes.Split(text, []byte("\n"))
		if len(lines[len(lines)-1]) == 0 {
			lines = lines[:len(lines)-1]
		}
		if len(items) != len(lines) {
			t.Fatalf("%d items of %d lines", len(items), len(lines))
		}
		for i, line := range lines {
			line = bytes.Trim(line, blanks)
			valid := len(line) <= pipeline.PayloadLimit && strictjson.Check(line) == nil
			if taken := items[i].payload != nil; taken && !bytes.Equal(items[i].payload, line) || taken && !valid || items[i].blank() != (len(line) == 0 && items[i].refusal == nil) {
				t.Errorf("line %d, %.80q, is read as %.80q, %v", i+1, line, items[i].payload, items[i].refusal)
			}
		}
	})
}

func FuzzBatch(f *testing.F) {
	const one = `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"id":"x","city":"Oslo"}}`
	for _, text := range []string{"[" + one + "]", "[ " + one + " ,\n" + one + "\t]\r\n", `[]`, `[1,"],",{"a":[{}]}]`, `[{"a":"\"}]"}`, `[` + one + `,{"a":1,"a":2}]`, `{}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		items, err := agree(t, func(r io.Reader) reader { return newBatchReader(r) }, text)
		var whole []json.RawMessage
		valid := json.Unmarshal(text, &whole) == nil && whole != nil
		if complete := errors.Is(err, io.EOF); complete != valid {
			t.Fatalf("read to the end: %t (%v); a JSON array: %t", complete, err, valid)
		}
		if !valid {
			if fault.KindOf(err) != fault.BadRequest {
				t.Fatalf("ended by %v", err)
			}
			return
		}
		if len(items) != len(whole) {
			t.Fatalf("%d items of %d events", len(items), len(whole))
		}
		for i := range items {
			if want := eventItem(i+1, whole[i]); strictjson.Check(whole[i]) == nil && (!bytes.Equal(items[i].payload, want.payload) || items[i].id != want.id) {
				t.Errorf("event %d, %.80q, is read as %.80q", i+1, whole[i], items[i].payload)
			}
			if items[i].payload == nil {
				continue
			}
			if p, err := pipeline.ParsePayload(items[i].payload); err == nil && p.ID != items[i].id {
				t.Errorf("event %d has the id %q and is told to have %q", i+1, p.ID, items[i].id)
			}
		}
	})
}
