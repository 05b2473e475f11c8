// Package strictjson reads and writes JSON whose meaning two readers cannot
// disagree about: one value, valid UTF-8, no lone surrogates, no duplicate
// names, bounded depth, and numbers that keep every digit.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// DepthLimit is how deep arrays and objects may nest.
const DepthLimit = 64

// ErrTooDeep is the cause of an error for text nested deeper than DepthLimit.
var ErrTooDeep = errors.New("nested too deeply")

// Check returns why text is not one strict JSON value, or nil. The error tells
// the place and never repeats the text.
func Check(text []byte) error { return CheckDepth(text, DepthLimit) }

// CheckDepth is Check for a value that may nest as deep as limit.
func CheckDepth(text []byte, limit int) error {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text)) // a buffer is read where it stands
	for {
		switch _, err := decoder.ReadToken(); {
		case errors.Is(err, io.EOF):
			return errors.New("no JSON value")
		case err != nil:
			return syntaxError(decoder, err)
		case decoder.StackDepth() > limit:
			return fmt.Errorf("%w: more than %d levels", ErrTooDeep, limit)
		case decoder.StackDepth() == 0:
			return end(decoder)
		}
	}
}

// end returns an error when anything follows the value.
func end(decoder *jsontext.Decoder) error {
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("more than one JSON value, at byte %d", decoder.InputOffset())
	}
	return nil
}

func syntaxError(decoder *jsontext.Decoder, err error) error {
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return fmt.Errorf("duplicate name in a JSON object, before byte %d", decoder.InputOffset())
	}
	return fmt.Errorf("not valid JSON, at byte %d", decoder.InputOffset())
}

// Unmarshal reads strict JSON into v. Numbers become json.Number where v does
// not say otherwise.
func Unmarshal(text []byte, v any) error {
	if err := Check(text); err != nil {
		return err
	}
	return Decode(text, v)
}

// Decode is Unmarshal for text that has been checked.
func Decode(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// Members returns the members of an object in text that has been checked, which they
// share, and reports whether it is one. They are a map, since names in a struct would
// match in any case.
func Members(text []byte) (members map[string]json.RawMessage, ok bool) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true)) // which has been checked
	if begin, err := decoder.ReadToken(); err != nil || begin.Kind() != '{' {
		return nil, false
	}
	members = map[string]json.RawMessage{}
	for decoder.PeekKind() == '"' {
		name, _ := decoder.ReadToken() // if that fails, so does what follows
		key := name.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, false
		}
		end := int(decoder.InputOffset())
		members[key] = json.RawMessage(text[end-len(value) : end : end])
	}
	_, err := decoder.ReadToken()
	return members, err == nil
}

// Text returns what a string says, of text that has been checked, and reports whether it
// is one. As everywhere in encoding/json, null says nothing, nor does what is missing.
func Text(text json.RawMessage) (says string, ok bool) {
	if text == nil || string(text) == "null" {
		return "", true
	}
	unquoted, err := jsontext.AppendUnquote(nil, []byte(text))
	if err != nil {
		return "", false
	}
	return string(unquoted), true
}

// Object writes an object of members that are JSON, each to the byte, by name.
func Object(members map[string]json.RawMessage) (json.RawMessage, error) {
	text := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			text = append(text, ',')
		}
		quoted, err := Marshal(name)
		if err != nil {
			return nil, err
		}
		text = append(append(append(text, quoted...), ':'), members[name]...)
	}
	return append(text, '}'), nil
}

// Marshal writes v as compact JSON, with no more escapes than JSON asks for.
func Marshal(v any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	value := jsontext.Value(bytes.TrimRight(text.Bytes(), "\n"))
	if bytes.Contains(value, []byte(`\u202`)) { // which only encoding/json escapes
		if err := value.Format(jsontext.PreserveRawStrings(false)); err != nil {
			return nil, err
		}
	}
	return json.RawMessage(value), nil
}
