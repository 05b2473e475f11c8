package inputschema

import (
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"barograph/internal/strictjson"
)

// errNotAllowed is why a value is refused that is none of those allowed.
var errNotAllowed = errors.New("it is none of the values allowed here")

// constants are the values that enum and const allow, by their canonical form;
// nil allows any.
type constants map[string]bool

// constantsOf takes enum and const out of a schema: the validator would compare
// a value with each of them, and both with what they are as fractions.
func constantsOf(s *jsonschema.Schema) constants {
	var allowed constants
	if s.Enum != nil {
		allowed = constants{}
		for _, value := range s.Enum.Values {
			allowed[string(canonical(value))] = true
		}
		s.Enum = nil
	}
	if s.Const != nil {
		only := string(canonical(*s.Const))
		allowed = constants{only: allowed == nil || allowed[only]}
		s.Const = nil
	}
	return allowed
}

// have reports whether a value is allowed.
func (c constants) have(value any, m *meter) bool {
	if c == nil {
		return true
	}
	text := canonical(value)
	m.work(len(text) >> 3)
	return c[string(text)]
}

// canonical returns the form that equal values share.
func canonical(value any) []byte {
	text, err := strictjson.Marshal(value)
	if err != nil {
		return nil // not of what has been read as JSON
	}
	form, err := strictjson.Canonical(text)
	if err != nil {
		return nil
	}
	return form
}
