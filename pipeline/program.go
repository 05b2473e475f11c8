package pipeline

import (
	"context"
	"encoding/json"
)

// A Program is a version of a pipeline's definition, ready to run. It is safe
// for concurrent use.
type Program struct {
	Pipeline  string
	Version   int
	Retry     Retry
	Retention Retention
	Ranges    []string // the attributes that are declared a range

	pure     bool
	steps    []namedStep
	ordering string
}

type namedStep struct {
	name string
	Step
}

// Pure reports whether no step leaves this process, so that running them again
// does no harm.
func (p *Program) Pure() bool { return p.pure }

// An Admission is what is known of a payload once it may come in.
type Admission struct {
	City        string          // as a city is asked for; "" for none
	Attributes  json.RawMessage // those that the payload alone tells, an object; nil for none
	OrderingKey *string
}

// Admit checks a payload against the definition. It returns a *Refusal where the
// payload is not what the pipeline takes.
func (p *Program) Admit(_ context.Context, payload *Payload) (Admission, error) {
	a := Admission{City: payload.City}
	if p.ordering != "" {
		var key string
		if json.Unmarshal(payload.members[p.ordering], &key) == nil {
			a.OrderingKey = &key
		}
	}
	return a, nil
}

// Run runs the steps for the jobs of a claim and returns an outcome for each, in
// order. A step that panics fails its jobs.
func (p *Program) Run(ctx context.Context, jobs []*Job) []Outcome {
	outcomes := make([]Outcome, len(jobs))
	for _, s := range p.steps {
		func() {
			defer func() {
				if recover() != nil {
					for _, j := range jobs {
						j.Fail("panic")
					}
				}
			}()
			s.Run(ctx, jobs)
		}()
		for _, j := range jobs {
			if j.failure != nil && j.failure.Step == "" {
				j.failure.Step = s.name
			}
		}
	}
	for i, j := range jobs {
		if j.Out() {
			outcomes[i] = Outcome{Skipped: j.skipped, Failure: j.failure}
			continue
		}
		result, err := Process(j.Payload, j.At)
		if err != nil {
			outcomes[i].Failure = &Failure{Message: "the result cannot be written"}
			continue
		}
		outcomes[i].Result = result
	}
	return outcomes
}
