package pipeline

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"barograph/internal/strictjson"
	"barograph/pipeline/expression"
	"barograph/pipeline/inputschema"
)

// A Compiler makes programs of definitions. It is safe for concurrent use.
type Compiler struct {
	Logger *slog.Logger // told when a step panics; nil for nobody

	kinds     []Kind
	languages *languages
	cpu       *cpu
}

// languages are those of expressions, by what they may mention.
type languages struct {
	admission *expression.Language // the payload
	steps     *expression.Language // and what the steps have made of it, and the time
	outcome   *expression.Language // the payload and the result
}

// The variables of expressions.
const (
	payloadVariable = "payload"
	valueVariable   = "value"
	resultVariable  = "result"
)

// NewCompiler returns a compiler that knows the kinds of steps.
func NewCompiler(kinds ...Kind) *Compiler {
	language := func(variables ...string) *expression.Language {
		l, err := expression.NewLanguage(variables...)
		if err != nil {
			panic(err) // the language is a constant of this program
		}
		return l
	}
	return &Compiler{kinds: kinds, cpu: newCPU(), languages: &languages{
		admission: language(payloadVariable),
		steps:     language(payloadVariable, valueVariable, expression.Now),
		outcome:   language(payloadVariable, resultVariable),
	}}
}

// Compile returns the program that a definition is, or Refusals with all that is
// wrong with it, each with the path to the field at fault. The definition must be
// strict JSON; nil is as {}.
func (c *Compiler) Compile(name string, version int, definition json.RawMessage) (*Program, error) {
	var faults Refusals
	b := &Builder{languages: c.languages, path: []string{"input", "definition"}, faults: &faults, seen: map[string]int{}}
	p := &Program{Pipeline: name, Version: version, Retry: defaultRetry, cpu: c.cpu, logger: c.Logger}
	var d Definition
	switch {
	case len(definition) > DefinitionLimit:
		b.Refuse("the definition has " + strconv.Itoa(len(definition)) + " bytes, and " + strconv.Itoa(DefinitionLimit) + " are allowed")
	case len(definition) == 0:
	case isNull(definition) || !b.Decode(definition, &d):
		if len(faults) == 0 {
			b.Refuse("a definition is an object")
		}
	default:
		c.compile(p, &d, b)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return p, nil
}

func (c *Compiler) compile(p *Program, d *Definition, b *Builder) {
	p.schema = compileSchema(d.InputSchema, b.within("inputSchema"))
	c.compileSteps(p, d.Steps, b.within("steps"))
	compileAttributes(p, d.Attributes, b.within("attributes"))
	if d.City != nil {
		p.city = b.expression(c.languages.admission, "city", *d.City, expression.String)
	}
	if d.OrderingKey != nil {
		p.orderingKey = b.expression(c.languages.admission, "orderingKey", *d.OrderingKey, expression.String)
	}
	compileRetry(&p.Retry, d.Retry, b.within("retry"))
	compileRetention(&p.Retention, d.Retention, b.within("retention"))
}

func compileSchema(text json.RawMessage, b *Builder) *inputschema.Schema {
	if isNull(text) {
		return nil
	}
	schema, err := inputschema.Compile(text)
	var wrong inputschema.Faults
	switch {
	case errors.As(err, &wrong):
		for _, fault := range wrong {
			b.Refuse(fault.Message, fault.Path...)
		}
	case err != nil:
		b.Refuse("not a schema that can be read")
	}
	return schema
}

func (c *Compiler) compileSteps(p *Program, texts []json.RawMessage, b *Builder) {
	if len(texts) > stepLimit {
		b.Refuse("there are " + strconv.Itoa(len(texts)) + " steps, and " + strconv.Itoa(stepLimit) + " are allowed")
		return
	}
	for i, text := range texts {
		number := strconv.Itoa(i)
		kind, step := b.within(number).step(text, c.kinds)
		p.steps = append(p.steps, placed{step, kind, "steps[" + number + "] (" + kind.Name + ")"})
		p.inputOutput = p.inputOutput || kind.IO
	}
}

func compileAttributes(p *Program, texts map[string]json.RawMessage, b *Builder) {
	if len(texts) > attributeLimit {
		b.Refuse("there are " + strconv.Itoa(len(texts)) + " attributes, and " + strconv.Itoa(attributeLimit) + " are allowed")
		return
	}
	types := map[string]expression.Type{"STRING": expression.String, "NUMBER": expression.Number, "BOOLEAN": expression.Bool}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		b := b.within(name)
		if !memberPattern.MatchString(name) {
			b.Refuse(badName)
		}
		var a Attribute
		if isNull(texts[name]) {
			b.Refuse("an attribute is an object")
			continue
		}
		if !b.Decode(texts[name], &a) {
			continue
		}
		want, known := types[a.Type]
		if !known {
			b.Refuse("an attribute is a STRING, a NUMBER or a BOOLEAN", "type")
		}
		if a.Range && a.Type != "NUMBER" {
			b.Refuse("only a NUMBER has a range", "range")
		}
		compiled := b.expression(b.languages.outcome, "expression", a.Expression, want)
		if compiled != nil {
			p.attributes = append(p.attributes, declared{name, compiled, compiled.Mentions(resultVariable)})
		}
		if a.Range {
			p.Ranges = append(p.Ranges, name)
		}
	}
}

func compileRetry(r *Retry, text json.RawMessage, b *Builder) {
	if isNull(text) || !b.Decode(text, r) {
		return
	}
	var given map[string]any
	if err := strictjson.Decode(text, &given); err == nil && given["backoffMaxMs"] == nil {
		r.BackoffMaxMs = max(r.BackoffMaxMs, r.BackoffMs)
	}
	b.between("attempts", int64(r.Attempts), 1, attemptLimit)
	b.between("backoffMs", r.BackoffMs, 1, backoffLimitMs)
	b.between("backoffMaxMs", r.BackoffMaxMs, r.BackoffMs, backoffLimitMs)
	b.between("deadlineMs", r.DeadlineMs, 0, deadlineLimit)
}

func compileRetention(r *Retention, text json.RawMessage, b *Builder) {
	if isNull(text) || !b.Decode(text, r) {
		return
	}
	b.between("processedSeconds", r.ProcessedSeconds, 0, retentionLimit)
	b.between("deadSeconds", r.DeadSeconds, 0, retentionLimit)
}

// isNull reports whether there is nothing, or null.
func isNull(text json.RawMessage) bool { return len(text) == 0 || string(text) == "null" }
