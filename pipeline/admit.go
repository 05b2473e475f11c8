package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"barograph/internal/fault"
	"barograph/pipeline/expression"
	"barograph/pipeline/inputschema"
)

// OrderingKeyLimit is how many characters an ordering key may have.
const OrderingKeyLimit = 255

// An Admission is what is known of a payload once it may come in.
type Admission struct {
	City        string          // as a city is asked for; "" for none
	Attributes  json.RawMessage // those that the payload alone tells, an object; nil for none
	OrderingKey *string
}

// Admit checks a payload against the definition. It returns a *Refusal, or
// several as Refusals, where the payload is not what the pipeline takes.
func (p *Program) Admit(ctx context.Context, payload *Payload) (Admission, error) {
	if p.schema == nil && p.city == nil && p.orderingKey == nil && len(p.attributes) == 0 {
		return Admission{City: payload.City}, nil
	}
	var (
		a      Admission
		failed error
	)
	if err := p.cpu.do(ctx, func(ctx context.Context) { a, failed = p.admit(ctx, payload) }); err != nil {
		return Admission{}, fault.Wrap(err, fault.Timeout, "the payload could not be checked in time")
	}
	if failed != nil && ctx.Err() == nil && errors.Is(failed, context.DeadlineExceeded) {
		return Admission{}, Refuse(PayloadInvalid, "checking the payload takes too long").At("input", "payload")
	}
	return a, failed
}

func (p *Program) admit(ctx context.Context, payload *Payload) (a Admission, err error) {
	if p.schema != nil {
		if err := p.schema.Check(ctx, payload.JSON); err != nil {
			return a, invalidPayload(err)
		}
	}
	scope := expression.NewScope()
	scope.Set(payloadVariable, payload.JSON)
	a.City = payload.City
	if p.city != nil {
		if a.City, err = textOf(ctx, p.city, scope, "city"); err != nil {
			return a, err
		}
	}
	if p.orderingKey != nil {
		key, err := textOf(ctx, p.orderingKey, scope, "orderingKey")
		switch {
		case err != nil:
			return a, err
		case utf8.RuneCountInString(key) > OrderingKeyLimit || !storable(key):
			return a, Refuse(PayloadInvalid, "orderingKey: it has over %d characters, or U+0000", OrderingKeyLimit).At("input", "payload")
		case key != "":
			a.OrderingKey = &key
		}
	}
	a.Attributes, err = p.attributesOf(ctx, scope, false)
	if err != nil && ctx.Err() == nil {
		return a, Refuse(PayloadInvalid, "%s", err).At("input", "payload")
	}
	return a, err
}

// textOf evaluates an expression for a string, "" where that is missing.
func textOf(ctx context.Context, e *expression.Expression, scope *expression.Scope, what string) (string, error) {
	value, err := e.Eval(ctx, scope)
	var missing *expression.Missing
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &missing):
		return "", nil
	case err != nil:
		return "", Refuse(PayloadInvalid, "%s: %s", what, err).At("input", "payload")
	}
	return value.Text(), nil
}

// invalidPayload returns the refusals that the faults of a payload are.
func invalidPayload(err error) error {
	var wrong inputschema.Faults
	if !errors.As(err, &wrong) {
		return err
	}
	var refusals Refusals
	for _, f := range wrong {
		refusals = append(refusals, Refuse(PayloadInvalid, "%s", f.Message).At(append([]string{"input", "payload"}, f.Path...)...))
	}
	return refusals
}
