package pipeline

import (
	"context"
	"encoding/json"

	"barograph/pipeline/expression"
)

// Transform is the kind of step that makes another object of a payload, which is
// then the whole result: {"kind":"transform","expression":"merge(value, {'x': 1})"}.
// The object may have any id or none: the record keeps the payload's.
func Transform() Kind {
	return Kind{Name: "transform", New: func(options json.RawMessage, b *Builder) (Step, error) {
		var o struct {
			Expression string `json:"expression"`
		}
		if !b.Decode(options, &o) {
			return nil, nil
		}
		return &transform{b.Expression("expression", o.Expression, expression.Object)}, nil
	}}
}

type transform struct{ expression *expression.Expression }

// Run puts what the expression makes in the place of each value.
func (t *transform) Run(ctx context.Context, jobs []*Job) {
	for _, j := range jobs {
		made, err := j.Eval(ctx, t.expression)
		if err == nil {
			j.Value, err = made.JSON()
		}
		if err != nil {
			j.Fail(err.Error())
			continue
		}
		j.written = true
	}
}
