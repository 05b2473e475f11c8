package pipeline

import (
	"context"
	"log/slog"
	"runtime/debug"

	"barograph/pipeline/expression"
	"barograph/pipeline/inputschema"
)

// A Program is a version of a pipeline's definition, ready to run. It is safe
// for concurrent use.
type Program struct {
	Pipeline  string
	Version   int
	Retry     Retry
	Retention Retention
	Ranges    []string // the attributes that are declared a range

	schema      *inputschema.Schema // nil takes any payload
	steps       []placed
	attributes  []declared
	city        *expression.Expression // nil for the payload's "city"
	orderingKey *expression.Expression // nil for none
	inputOutput bool                   // whether a step leaves this process
	cpu         *cpu
	logger      *slog.Logger
}

// A placed step is one in its place.
type placed struct {
	Step
	kind  Kind
	place string // as in "steps[1] (http)"
}

// Pure reports whether no step leaves this process, so that running them again
// does no harm.
func (p *Program) Pure() bool { return !p.inputOutput }

// Run runs the steps for the jobs of a claim and returns an outcome for each, in
// order. A step that panics fails its jobs. Steps that leave this process run for
// all jobs at once, and those between them on the pool for what clients wrote.
// When ctx ends before all is done, the outcomes say so and are worth nothing.
func (p *Program) Run(ctx context.Context, jobs []*Job) []Outcome {
	for _, j := range jobs {
		j.program = p
		if j.Value == nil {
			j.Value = j.Payload.JSON
		}
	}
	rest := p.steps
	for {
		pure := 0
		for pure < len(rest) && !rest[pure].kind.IO {
			pure++
		}
		last := pure == len(rest)
		p.cpu.each(ctx, jobs, func(ctx context.Context, j *Job) {
			for _, s := range rest[:pure] {
				p.step(ctx, s, []*Job{j})
			}
			if last {
				p.finish(ctx, j)
			}
		})
		if last {
			break
		}
		p.step(ctx, rest[pure], jobs)
		rest = rest[pure+1:]
	}
	outcomes := make([]Outcome, len(jobs))
	for i, j := range jobs {
		outcomes[i] = j.outcome()
	}
	return outcomes
}

// step runs one step for those of the jobs that are still in.
func (p *Program) step(ctx context.Context, s placed, jobs []*Job) {
	var in []*Job
	for _, j := range jobs {
		if !j.Out() {
			in = append(in, j)
		}
	}
	if len(in) == 0 {
		return
	}
	defer func() {
		if reason := recover(); reason != nil {
			if p.logger != nil {
				p.logger.ErrorContext(ctx, "step panicked", "pipeline", p.Pipeline, "version", p.Version, "step", s.place, "reason", reason, "stack", string(debug.Stack()))
			}
			for _, j := range in {
				j.Fail("the step broke off")
			}
		}
		for _, j := range in {
			if j.failure != nil && j.failure.Step == "" {
				j.failure.Step = s.place
			}
			if !j.Out() && len(j.Value) > expression.ResultLimit {
				j.failure = &Failure{s.place, "what the step made of the payload is too large"}
			}
		}
	}()
	s.Run(ctx, in)
}
