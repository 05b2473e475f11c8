package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"barograph/internal/strictjson"
	"barograph/pipeline/expression"
)

// AttributeLimit is how many characters the value of an attribute may have.
const AttributeLimit = 255

// A declared attribute is one of a definition's.
type declared struct {
	name       string
	expression *expression.Expression
	ofResult   bool // whether it takes a result to tell it
}

// attributesOf returns the attributes, an object, nil for none: all of them, or
// those that the payload alone tells. What an expression does not find is left
// out.
func (p *Program) attributesOf(ctx context.Context, scope *expression.Scope, all bool) (json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	for _, a := range p.attributes {
		if a.ofResult && !all {
			continue
		}
		value, err := a.expression.Eval(ctx, scope)
		var missing *expression.Missing
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.As(err, &missing):
			continue
		case err != nil:
			return nil, fmt.Errorf("attribute %s: %w", a.name, err)
		case value.Null():
			continue
		case utf8.RuneCountInString(value.Text()) > AttributeLimit || !storable(value.Text()):
			return nil, fmt.Errorf("attribute %s: it has over %d characters, or U+0000", a.name, AttributeLimit)
		}
		if values[a.name], err = value.JSON(); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", a.name, err)
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	return strictjson.Object(values)
}
