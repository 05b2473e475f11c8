package pipeline

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"barograph/internal/strictjson"
)

// A Trial is what a program makes of a sample, step by step.
type Trial struct {
	Admission
	Steps      []TriedStep
	Skipped    bool
	Failure    *Failure
	Result     json.RawMessage
	Attributes json.RawMessage // all of them
}

// A TriedStep is what one step made of the sample.
type TriedStep struct {
	Kind    string
	Value   json.RawMessage // after the step; nil when it took the sample out
	Request json.RawMessage // that would have been made; nil for none
	Skipped bool
	Failure *string
	Elapsed time.Duration
}

// ElapsedMs returns how long the step took, in milliseconds.
func (s TriedStep) ElapsedMs() float64 { return float64(s.Elapsed.Microseconds()) / 1000 }

// A rehearsal is a step that shows what it would do instead of doing it.
type rehearsal interface {
	// rehearse returns the request, and takes the answer for the one to it.
	rehearse(j *Job, answers map[string]json.RawMessage) (request json.RawMessage)
}

// Compile returns the program of a definition that is not stored, or Refusals.
func (c *Catalog) Compile(ctx context.Context, definition json.RawMessage) (*Program, error) {
	return c.compile(ctx, "", 1, definition)
}

// Try admits a sample and runs the steps on it, one after the other, without
// storing anything and without a request of an HTTP step: answers has what those
// would get, by the member it goes to. It returns a *Refusal or Refusals where the
// sample would not be taken in. Of the job, At, Payload and CityID count.
func (p *Program) Try(ctx context.Context, j *Job, a Admission, answers map[string]json.RawMessage) Trial {
	j.program, j.Value, j.Attempt = p, j.Payload.JSON, 1
	trial := Trial{Admission: a, Steps: []TriedStep{}}
	for _, s := range p.steps {
		if j.Out() {
			break
		}
		tried := TriedStep{Kind: s.kind.Name}
		start := time.Now()
		if r, is := s.Step.(rehearsal); is {
			tried.Request = r.rehearse(j, answers)
		} else if s.kind.IO {
			p.step(ctx, s, []*Job{j})
		} else {
			p.cpu.each(ctx, []*Job{j}, func(ctx context.Context, j *Job) { p.step(ctx, s, []*Job{j}) })
		}
		tried.Elapsed = time.Since(start)
		switch {
		case j.failure != nil:
			tried.Failure = &j.failure.Message
		case j.skipped:
			tried.Skipped = true
		default:
			tried.Value = j.Value
		}
		trial.Steps = append(trial.Steps, tried)
	}
	p.cpu.each(ctx, []*Job{j}, p.finish)
	outcome := j.outcome()
	trial.Skipped, trial.Failure, trial.Result = outcome.Skipped, outcome.Failure, outcome.Result
	if trial.Attributes = outcome.Attributes; trial.Attributes == nil {
		trial.Attributes = a.Attributes
	}
	return trial
}

// ParseAnswers returns the answers that HTTP steps get in a trial, or a *Refusal.
func ParseAnswers(text json.RawMessage) (map[string]json.RawMessage, error) {
	var answers map[string]json.RawMessage
	if err := strictjson.Decode(text, &answers); err != nil || answers == nil {
		return nil, Refuse(PayloadInvalid, "answers is an object, with the answer of each HTTP step by its `as`").At("input", "answers")
	}
	if len(text) > answerLimit {
		return nil, Refuse(PayloadTooLarge, "the answers have over %s bytes", strconv.Itoa(answerLimit)).At("input", "answers")
	}
	return answers, nil
}

// rehearse shows the call, and puts the answer where that of the host would go,
// or null.
func (c *call) rehearse(j *Job, answers map[string]json.RawMessage) json.RawMessage {
	headers := map[string]string{}
	for name, values := range c.header(j) {
		headers[name] = values[0]
	}
	request, err := strictjson.Marshal(map[string]any{"method": "POST", "url": c.url, "headers": headers, "body": j.Value})
	if err != nil {
		j.Fail("the call cannot be shown")
		return nil
	}
	if c.as != nil {
		answer := answers[*c.as]
		if answer == nil {
			answer = json.RawMessage("null")
		}
		j.add(*c.as, answer)
	}
	return request
}
