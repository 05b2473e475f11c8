package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

// A Runner makes attempts at processing records, and says what each has come to.
// It is safe for concurrent use.
type Runner struct {
	Queue  *records.Queue
	Now    func() time.Time
	Random func() float64 // from 0 to 1
	Lease  time.Duration  // for which records are claimed, unless that is renewed
	Logger *slog.Logger
}

// Try runs a program for claims and returns what each has come to. Attempts
// already count this one. It leaves writing that to its caller.
func (r *Runner) Try(ctx context.Context, program *pipeline.Program, claims []*records.Claim) []records.Done {
	var (
		done  = make([]records.Done, len(claims))
		jobs  []*pipeline.Job
		which []int // of the claims each job is for
	)
	for i, c := range claims {
		done[i] = records.Done{Claim: c, Progress: c.Record.Progress, Forgiven: c.Forgiven}
		job, attributes, failure := r.prepare(ctx, program, c)
		if failure != nil {
			r.fail(program, &done[i], records.StepFailed, failure.Message)
			continue
		}
		done[i].Attributes = attributes
		jobs, which = append(jobs, job), append(which, i)
	}
	if len(jobs) == 0 {
		return done
	}
	outcomes, ok := r.run(ctx, program, jobs)
	for k, i := range which {
		if !ok {
			r.fail(program, &done[i], records.Crashed, "the pipeline's program broke down")
			continue
		}
		r.settle(program, &done[i], jobs[k], outcomes[k])
	}
	return done
}

// Settle returns what a payload that is no record yet comes to by its first
// attempt.
func (r *Runner) Settle(program *pipeline.Program, received time.Time, job *pipeline.Job, attributes []byte, outcome pipeline.Outcome) records.Progress {
	fresh := &records.Record{ReceivedAt: received, Progress: records.Progress{Attempts: 1, Attributes: attributes}}
	done := records.Done{Claim: &records.Claim{Record: fresh}, Progress: fresh.Progress}
	r.settle(program, &done, job, outcome)
	return done.Progress
}

// prepare returns the job that a claim is. A record that another version of the
// pipeline took in has to be what this one takes in, too.
func (r *Runner) prepare(ctx context.Context, program *pipeline.Program, c *records.Claim) (*pipeline.Job, []byte, *pipeline.Failure) {
	if err := c.Record.Unreadable; err != nil {
		r.Logger.ErrorContext(ctx, "the payload of a record cannot be read", "pipeline", c.Record.Pipeline, "err", err)
		return nil, nil, &pipeline.Failure{Message: "the payload cannot be read"}
	}
	payload, err := pipeline.ParsePayload(c.Record.Payload)
	if err != nil {
		return nil, nil, &pipeline.Failure{Message: "the payload cannot be read"}
	}
	attributes := c.Record.Attributes
	if c.Record.PipelineVersion != program.Version {
		admission, err := program.Admit(ctx, payload)
		if err != nil {
			return nil, nil, &pipeline.Failure{Message: admitFailure(err)}
		}
		attributes = admission.Attributes
	}
	return &pipeline.Job{Payload: payload, CityID: c.Record.CityID, Attempt: c.Record.Attempts, At: r.now(), Value: payload.JSON}, attributes, nil
}

func admitFailure(err error) string {
	var refusal *pipeline.Refusal
	if errors.As(err, &refusal) {
		return "the pipeline's version takes it in no more: " + refusal.Message
	}
	return fault.Of(err).Message
}

// run runs the program, and reports whether it came back.
func (r *Runner) run(ctx context.Context, program *pipeline.Program, jobs []*pipeline.Job) (outcomes []pipeline.Outcome, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			r.Logger.ErrorContext(ctx, "a program panicked", "pipeline", program.Pipeline, "version", program.Version,
				"err", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	outcomes = program.Run(ctx, jobs)
	return outcomes, len(outcomes) == len(jobs)
}

// settle says what a record comes to by an outcome.
func (r *Runner) settle(program *pipeline.Program, d *records.Done, job *pipeline.Job, outcome pipeline.Outcome) {
	if outcome.Attributes != nil {
		d.Attributes = outcome.Attributes
	}
	if outcome.Failure != nil {
		message := outcome.Failure.Message
		if outcome.Failure.Step != "" {
			message = outcome.Failure.Error()
		}
		r.fail(program, d, records.StepFailed, message)
		return
	}
	d.State, d.PipelineVersion, d.NextAttemptAt, d.ProcessedAt = records.Processed, program.Version, nil, &job.At
	if d.Result = outcome.Result; outcome.Skipped {
		d.State, d.Result = records.Skipped, nil
	}
}

// fail says what a record comes to by an attempt that failed: it is tried again,
// or given up.
func (r *Runner) fail(program *pipeline.Program, d *records.Done, code, message string) {
	now := r.now()
	d.State, d.PipelineVersion, d.Result, d.ProcessedAt, d.NextAttemptAt = records.Dead, program.Version, nil, nil, nil
	d.LastError = &records.Error{Code: code, Message: presentable(message), At: now}
	if next, again := program.Retry.Next(max(1, d.Attempts-d.Forgiven), d.Record.ReceivedAt, now, r.Random()); again {
		d.State, d.NextAttemptAt = records.Retrying, &next
	}
}

// unwritten says what a record comes to when the database does not take what it
// should have come to.
func (r *Runner) unwritten(program *pipeline.Program) func(records.Done) records.Done {
	return func(d records.Done) records.Done {
		d.Attributes = d.Record.Attributes
		r.fail(program, &d, records.StepFailed, "what the steps made of it cannot be stored")
		return d
	}
}

// interrupt gives back a claim whose attempt was not let finish. It does not
// count.
func (r *Runner) interrupt(d *records.Done) {
	now := r.now()
	d.State, d.Result, d.ProcessedAt, d.NextAttemptAt, d.Forgiven = records.Retrying, nil, nil, &now, d.Forgiven+1
	d.LastError = &records.Error{Code: records.Interrupted, Message: "the node that had it stopped", At: now}
}

const messageLimit = 2000

// presentable returns a message as the database takes it, and not too long.
func presentable(message string) string {
	message = strings.ReplaceAll(strings.ToValidUTF8(message, "�"), "\x00", "�")
	if len(message) > messageLimit {
		message = strings.ToValidUTF8(message[:messageLimit], "") + "…"
	}
	return message
}

func (r *Runner) now() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }
