package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// parameters are a request's, by name, from the query or from the body.
type parameters map[string]value

// A value is one parameter's: a text, or pieces of a list.
type value struct {
	text   string
	pieces []string
	shape  string // what a JSON body gave: "number", "string", "bool" or "array"; "" in a form, where a text is also a list
}

// parametersOf reads the request's parameters: from the query when it is a GET,
// from the body alone when it is a POST.
func parametersOf(w http.ResponseWriter, r *http.Request) (parameters, error) {
	if r.Method != http.MethodPost {
		return parseForm(r.URL.RawQuery)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, reason: "Payload Too Large"}
	}
	if err != nil {
		return nil, badRequest("Bad Request")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		return parseForm(string(body))
	case "application/json":
		return parseJSON(body)
	}
	return nil, &refusal{status: http.StatusUnsupportedMediaType, reason: "Unsupported Media Type"}
}

// parseForm reads name=value pairs. A list is cut at its plain commas, and again
// at its escaped ones when it is read; an error tells the two apart by naming the
// whole piece.
func parseForm(s string) (parameters, error) {
	p := parameters{}
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		rawName, raw, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return nil, badRequest("The query is malformed.")
		}
		v := p[name]
		if v.text, err = url.QueryUnescape(raw); err != nil {
			return nil, badRequest("The query is malformed.")
		}
		for piece := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == ',' || r == '|' }) {
			if piece, err = url.QueryUnescape(piece); err != nil {
				return nil, badRequest("The query is malformed.")
			}
			v.pieces = append(v.pieces, piece)
		}
		p[name] = v
	}
	return p, nil
}

// parseJSON reads an object whose lists are arrays of strings or numbers.
func parseJSON(body []byte) (parameters, error) {
	var members map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil || decoder.More() || members == nil {
		return nil, badRequest("Data corrupted at path ''. The given data was not valid JSON.")
	}
	p := make(parameters, len(members))
	for name, member := range members {
		switch m := member.(type) {
		case nil: // as if it were not there
		case string:
			p[name] = value{text: m, shape: "string"}
		case json.Number:
			p[name] = value{text: m.String(), shape: "number"}
		case bool:
			p[name] = value{text: strconv.FormatBool(m), shape: "bool"}
		case []any:
			v := value{shape: "array"}
			for _, item := range m {
				switch item := item.(type) {
				case string:
					v.pieces = append(v.pieces, item)
				case json.Number:
					v.pieces = append(v.pieces, item.String())
				default:
					return nil, mistyped(name, "Array<String>", "String")
				}
			}
			p[name] = v
		default:
			return nil, mistyped(name, "Array<String>", "String")
		}
	}
	return p, nil
}

// list returns the items of a list and, for each, the piece it was cut from.
func (p parameters) list(name string) (items, pieces []string, err error) {
	v := p[name]
	if v.shape != "" && v.shape != "array" {
		return nil, nil, mistyped(name, "Array<Any>", "Array<Any>")
	}
	items, pieces = make([]string, 0, len(v.pieces)), make([]string, 0, len(v.pieces))
	for _, piece := range v.pieces {
		for item := range strings.SplitSeq(piece, ",") {
			if item != "" {
				items, pieces = append(items, item), append(pieces, piece)
			}
		}
	}
	return items, pieces, nil
}

// floats returns a list of 32-bit numbers, in which nan is one.
func (p parameters) floats(name string) ([]float32, error) {
	items, pieces, err := p.list(name)
	if err != nil {
		return nil, err
	}
	numbers := make([]float32, len(items))
	for i, item := range items {
		f, err := strconv.ParseFloat(item, 32)
		if err != nil && !errors.Is(err, strconv.ErrRange) { // what is too large is infinite
			return nil, badRequest("Data corrupted at path ''. Cannot initialize Float from invalid String value %s.", pieces[i])
		}
		numbers[i] = float32(f)
	}
	return numbers, nil
}

// integers returns a list of integers.
func (p parameters) integers(name string) ([]int, error) {
	items, pieces, err := p.list(name)
	if err != nil {
		return nil, err
	}
	numbers := make([]int, len(items))
	for i, item := range items {
		if numbers[i], err = strconv.Atoi(item); err != nil {
			return nil, badRequest("Data corrupted at path ''. Cannot initialize Int from invalid String value %s.", pieces[i])
		}
	}
	return numbers, nil
}

// integer returns a number and whether it was given.
func (p parameters) integer(name string) (n int, given bool, err error) {
	v, given := p[name]
	if !given {
		return 0, false, nil
	}
	if n, err = strconv.Atoi(v.text); err != nil || v.shape != "" && v.shape != "number" {
		return 0, true, mistyped(name, "Int", "Int")
	}
	return n, true, nil
}

// choice returns the one of the choices that was given, or the first. kind is the
// service's name for them.
func (p parameters) choice(name, kind string, choices ...string) (string, error) {
	v, given := p[name]
	if !given {
		return choices[0], nil
	}
	for _, choice := range choices {
		if v.text == choice {
			return choice, nil
		}
	}
	return "", badRequest("Data corrupted at path '%s'. Cannot initialize %s from invalid String value %s.", name, kind, v.text)
}

func mistyped(name, wanted, found string) error {
	return badRequest("Value at path '%s' was not of type '%s'. Data found at '%s' was not %s.", name, wanted, name, found)
}
