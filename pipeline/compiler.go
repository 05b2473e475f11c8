package pipeline

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A Compiler makes programs of definitions. It is safe for concurrent use.
type Compiler struct {
	kinds []Kind
}

// NewCompiler returns a compiler that knows the kinds of steps.
func NewCompiler(kinds ...Kind) *Compiler { return &Compiler{kinds} }

// A Builder is what a step is built with: it compiles expressions.
type Builder struct{}

// Compile returns the program that a definition is, or a *Refusal with the field
// at fault.
func (c *Compiler) Compile(name string, version int, definition json.RawMessage) (*Program, error) {
	p := &Program{Pipeline: name, Version: version, Retry: defaultRetry, pure: true}
	d := Definition{Retry: defaultRetry}
	if definition != nil {
		if err := json.Unmarshal(definition, &d); err != nil {
			return nil, err
		}
	}
	p.Retry, p.Retention = d.Retry, d.Retention
	if d.OrderingKey != nil {
		p.ordering = strings.TrimPrefix(*d.OrderingKey, "payload.")
	}
	for i, text := range d.Steps {
		var named struct{ Kind string }
		if err := json.Unmarshal(text, &named); err != nil {
			return nil, err
		}
		for _, k := range c.kinds {
			if k.Name != named.Kind {
				continue
			}
			s, err := k.New(text, &Builder{})
			if err != nil {
				return nil, err
			}
			p.steps, p.pure = append(p.steps, namedStep{fmt.Sprintf("steps[%d] (%s)", i, k.Name), s}), p.pure && !k.IO
		}
	}
	return p, nil
}
