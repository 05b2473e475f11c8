package expression

import (
	"encoding/json"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

// A Scope holds the variables of expressions, and what has been read of them, so
// that several expressions on one payload read it once. It serves one evaluation
// at a time.
type Scope struct {
	meter     meter
	variables map[string]*element
}

// NewScope returns a scope without variables.
func NewScope() *Scope { return &Scope{variables: map[string]*element{}} }

// Set sets a variable to strict JSON, which must not change afterwards.
func (s *Scope) Set(name string, text json.RawMessage) {
	s.variables[name] = &element{raw: text}
}

// SetNow sets the variable Now.
func (s *Scope) SetNow(at time.Time) {
	s.variables[Now] = &element{made: types.Timestamp{Time: at.UTC()}}
}

// meterName is no name that an expression can have.
const meterName = "@meter"

// ResolveName returns a variable, for CEL.
func (s *Scope) ResolveName(name string) (any, bool) {
	if name == meterName {
		return &s.meter, true
	}
	if e, ok := s.variables[name]; ok {
		return e.value(&s.meter), true
	}
	return nil, false
}

// Parent returns nil: there is nothing around a scope.
func (s *Scope) Parent() interpreter.Activation { return nil }
