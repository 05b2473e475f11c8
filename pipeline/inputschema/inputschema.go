// Package inputschema checks payloads against JSON Schema 2020-12, which clients
// write and nobody trusts: a schema refers to nothing outside of itself, and how
// much work it makes of a payload is metered. Numbers are compared exactly. What
// a schema is for, and what becomes of a payload that does not meet it, is left
// to package pipeline.
package inputschema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"barograph/internal/strictjson"
)

// A Fault is a place in a JSON value and what is wrong there.
type Fault struct {
	Path    []string // names and indices, from the outside
	Message string
}

// Faults are what is wrong with a schema or a payload.
type Faults []Fault

// Error returns them all.
func (all Faults) Error() string {
	lines := make([]string, len(all))
	for i, one := range all {
		lines[i] = "/" + strings.Join(one.Path, "/") + ": " + one.Message
	}
	return strings.Join(lines, "; ")
}

// faultLimit is how many faults are told of one value.
const faultLimit = 10

// A Schema checks payloads. It is safe for concurrent use.
type Schema struct {
	document any
	idle     sync.Pool // of *checker
}

// A checker is a compiled schema with a meter of its own: it checks one payload
// at a time.
type checker struct {
	schema *jsonschema.Schema
	meter  *meter
}

// location is the schema's own, for references within it.
const (
	base     = "barograph:///"
	location = base + "inputSchema"
)

// Compile returns the schema that strict JSON is, or Faults.
func Compile(text json.RawMessage) (*Schema, error) {
	var document any
	if err := strictjson.Decode(text, &document); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	if faults := countable(document, nil, nil); len(faults) > 0 {
		return nil, faults
	}
	s := &Schema{document: document}
	c, err := s.compile()
	if err != nil {
		return nil, err
	}
	s.idle.Put(c)
	return s, nil
}

func (s *Schema) compile() (*checker, error) {
	c := &checker{meter: &meter{}}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(nowhere{})
	compiler.UseRegexpEngine(c.meter.pattern)
	if err := compiler.AddResource(location, s.document); err != nil {
		return nil, compileFaults(err)
	}
	var err error
	if c.schema, err = compiler.Compile(location); err != nil {
		return nil, compileFaults(err)
	}
	if err := checkStructure(c.schema); err != nil { // before it is changed: it may share parts with others
		return nil, err
	}
	c.meter.attach(c.schema)
	return c, nil
}

// nowhere is where references to other documents lead.
type nowhere struct{}

var errElsewhere = errors.New("a schema refers to nothing outside of itself")

// Load loads nothing.
func (nowhere) Load(string) (any, error) { return nil, errElsewhere }

// Check returns nil for a payload, strict JSON, that meets the schema, and Faults
// for one that does not or that makes too much work. Any other error is the
// context's.
func (s *Schema) Check(ctx context.Context, payload json.RawMessage) error {
	var value any
	if err := strictjson.Decode(payload, &value); err != nil {
		return fmt.Errorf("read payload: %w", err)
	}
	if faults := countable(value, nil, nil); len(faults) > 0 {
		return faults
	}
	c, ok := s.idle.Get().(*checker)
	if !ok {
		var err error
		if c, err = s.compile(); err != nil {
			return fmt.Errorf("compile schema again: %w", err)
		}
	}
	err := c.check(ctx, value)
	s.idle.Put(c) // also after it was broken off: a check leaves nothing behind
	return err
}

func (c *checker) check(ctx context.Context, value any) (err error) {
	c.meter.begin(ctx)
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case brokenOff:
			if err = context.Cause(ctx); err == nil {
				err = Faults{{Message: "the schema makes too much work of this payload"}}
			}
		default:
			panic(reason)
		}
	}()
	if err = c.schema.Validate(value); err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("check payload: %w", err)
	}
	return faultsOf(invalid)
}

// digitsLimit keeps numbers, which are compared exactly, from growing without end:
// 1e1000000000 takes ten bytes to write and hundreds of megabytes to count with.
const digitsLimit = 400

// countable returns a fault for each number that cannot be counted with.
func countable(value any, path []string, faults Faults) Faults {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			faults = countable(member, append(path[:len(path):len(path)], name), faults)
		}
	case []any:
		for i, item := range value {
			faults = countable(item, append(path[:len(path):len(path)], fmt.Sprint(i)), faults)
		}
	case json.Number:
		if len(faults) < faultLimit && !short(string(value)) {
			faults = append(faults, Fault{path, fmt.Sprintf("a number that a schema checks has at most %d digits, behind or before the point", digitsLimit)})
		}
	}
	return faults
}

func short(number string) bool {
	_, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	if len(number) > digitsLimit || len(exponent) > 4 {
		return false
	}
	size := 0
	if exponent != "" {
		_, _ = fmt.Sscanf(exponent, "%d", &size)
	}
	return size <= digitsLimit && size >= -digitsLimit
}
