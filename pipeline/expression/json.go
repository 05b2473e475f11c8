package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/go-json-experiment/json/jsontext"

	"barograph/internal/strictjson"
)

// An element is a value as it stands in JSON, read when it is looked at, or one
// that has been made.
type element struct {
	raw  json.RawMessage // nil for one that was made
	made ref.Val         // nil until it is looked at
}

func (e *element) value(m *meter) ref.Val {
	if e.made == nil {
		e.made = read(m, e.raw)
	}
	return e.made
}

// read returns what JSON is to CEL. What has an inside is not looked into yet.
func read(m *meter, raw json.RawMessage) ref.Val {
	switch raw = bytes.TrimLeft(raw, " \t\r\n"); raw[0] {
	case '{':
		return &object{meter: m, raw: raw}
	case '[':
		return &list{meter: m, raw: raw}
	case '"':
		m.text(len(raw))
		text, err := jsontext.AppendUnquote(nil, bytes.TrimRight(raw, " \t\r\n"))
		if err != nil {
			return types.NewErr("not a JSON string")
		}
		return types.String(text)
	case 't':
		return types.True
	case 'f':
		return types.False
	case 'n':
		return types.NullValue
	}
	m.work(len(raw) >> byteShare)
	return number(bytes.TrimRight(raw, " \t\r\n"))
}

// surelyExact is how many characters a number may have that no double rounds to
// another one when it is written down again.
const surelyExact = 15

// number returns an integer where that is what is written and 64 bits hold it,
// and a double where that comes out again as the same number. Anything else is an
// error, once it is looked at: it would silently become another number.
func number(raw []byte) ref.Val {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return types.Int(n)
	}
	double, err := strconv.ParseFloat(string(raw), 64)
	if err == nil && len(raw) <= surelyExact && !bytes.ContainsAny(raw, "eE") {
		return types.Double(double)
	}
	if err == nil {
		before, failed := strictjson.Canonical(raw)
		after, failedToo := strictjson.Canonical(appendDouble(nil, double))
		if failed == nil && failedToo == nil && bytes.Equal(before, after) {
			return types.Double(double)
		}
	}
	if len(raw) > 40 {
		raw = append(bytes.Clone(raw[:40]), "…"...)
	}
	return types.NewErr("the number %s has more digits than can be counted with exactly", raw)
}

// appendDouble writes a finite double with as few digits as tell it from others.
func appendDouble(text []byte, double float64) []byte {
	format := byte('f')
	if size := math.Abs(double); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(text, double, format, -1, 64)
}

// items reads the items of an array, each as it stands.
func items(m *meter, raw json.RawMessage) []element {
	m.work(len(raw) >> byteShare)
	var all []element
	walk(raw, func(d *jsontext.Decoder) error {
		item, err := d.ReadValue()
		if err != nil {
			return err
		}
		m.work(1)
		all = append(all, element{raw: span(raw, d, len(item))})
		return nil
	})
	return all
}

// members reads the members of an object, each as it stands.
func members(m *meter, raw json.RawMessage) (names []string, all []element) {
	m.work(len(raw) >> byteShare)
	walk(raw, func(d *jsontext.Decoder) error {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		text := name.String() // valid only until the next reading
		item, err := d.ReadValue()
		if err != nil {
			return err
		}
		m.work(1)
		names, all = append(names, text), append(all, element{raw: span(raw, d, len(item))})
		return nil
	})
	return names, all
}

// span returns the value of a length that the decoder has just read, in place.
func span(raw json.RawMessage, d *jsontext.Decoder, length int) json.RawMessage {
	end := int(d.InputOffset())
	return raw[end-length : end : end]
}

// walk calls read for each part of an array or an object.
func walk(raw json.RawMessage, read func(*jsontext.Decoder) error) {
	// Names have been checked where the JSON came in.
	decoder := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
	_, err := decoder.ReadToken()
	for err == nil && decoder.PeekKind() != '}' && decoder.PeekKind() != ']' {
		err = read(decoder)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		stop("a value the expression looks at is no JSON")
	}
}

// depth returns how deep arrays and objects are nested in JSON.
func depth(text []byte) int {
	most, now := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return most
}
