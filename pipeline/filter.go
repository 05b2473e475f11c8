package pipeline

import (
	"context"
	"encoding/json"

	"barograph/pipeline/expression"
)

// Filter is the kind of step that lets payloads pass for which an expression is
// true, and skips the others: {"kind":"filter","expression":"payload.total > 0"}.
func Filter() Kind {
	return Kind{Name: "filter", New: func(options json.RawMessage, b *Builder) (Step, error) {
		var o struct {
			Expression string `json:"expression"`
		}
		if !b.Decode(options, &o) {
			return nil, nil
		}
		return &filter{b.Expression("expression", o.Expression, expression.Bool)}, nil
	}}
}

type filter struct{ expression *expression.Expression }

// Run skips the jobs that the filter does not let pass.
func (f *filter) Run(ctx context.Context, jobs []*Job) {
	for _, j := range jobs {
		pass, err := j.Eval(ctx, f.expression)
		switch {
		case err != nil:
			j.Fail(err.Error())
		case !pass.Bool():
			j.Skip()
		}
	}
}
