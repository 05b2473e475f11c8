package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"barograph/internal/fault"
	"barograph/internal/operation"
	"barograph/pipeline"
	"barograph/records"
)

// Process takes a payload in, to a pipeline within reach, and processes it. It
// returns once the record is durable and its steps have run, or are left to the
// workers: an attempt that failed, and is to be made again, is told by the record
// and a refusal with StepFailed. What leaves this process is done only once the
// payload is a record, and so never for a duplicate. A payload with an ordering key
// that must wait for an earlier record is QUEUED.
//
// An expected refusal is in the acceptance. An error means that nothing is known
// of what became of the payload: it may be sent again, and takes effect once.
func (i *Intake) Process(ctx context.Context, reach pipeline.Reach, name string, text json.RawMessage) (records.Acceptance, error) {
	return operation.Value(ctx, processPayload, i.Logger, func(ctx context.Context) (records.Acceptance, error) {
		payload, err := pipeline.ParsePayload(text)
		if err != nil {
			return refused("", err)
		}
		received := i.clock.next(i.Now(), 1)
		for range versionTries {
			program, err := i.current(ctx, reach, name)
			if err != nil {
				return refused(payload.ID, err)
			}
			c, err := i.admit(ctx, program, payload, received)
			if err != nil {
				return refused(payload.ID, err)
			}
			process := i.processBefore
			if !program.Pure() {
				process = i.processAfter
			}
			accepted, err := process(ctx, program, c)
			if err != nil || accepted.Missed != records.Outdated {
				return accepted, err
			}
			i.Catalog.Forget(name)
		}
		return records.Acceptance{}, errChanging
	})
}

// processBefore runs the steps, which leave this process nowhere, and then takes
// the payload in with what came of it.
func (i *Intake) processBefore(ctx context.Context, program *pipeline.Program, c *candidate) (records.Acceptance, error) {
	job := &pipeline.Job{Payload: c.payload, CityID: c.city, Attempt: 1, At: i.Runner.Now().UTC().Truncate(time.Microsecond), Value: c.payload.JSON}
	outcomes := program.Run(ctx, []*pipeline.Job{job})
	if len(outcomes) != 1 {
		return records.Acceptance{}, fmt.Errorf("the program of pipeline %s came to %d outcomes of one job", program.Pipeline, len(outcomes))
	}
	if err := ctx.Err(); err != nil {
		return records.Acceptance{}, err // which may be why the steps failed
	}
	progress := i.Runner.Settle(program, c.received, job, c.admission.Attributes, outcomes[0])
	accepted, err := i.Writer.Accept(ctx, c.draft(program, progress))
	if err == nil && accepted.Missed == records.Held {
		accepted, err = i.Writer.Accept(ctx, c.queued(program))
	}
	return told(accepted), err
}

// processAfter takes the payload in, and then runs the steps, which leave this
// process.
func (i *Intake) processAfter(ctx context.Context, program *pipeline.Program, c *candidate) (records.Acceptance, error) {
	leave, err := i.enter()
	if err != nil {
		return records.Acceptance{}, err
	}
	accepted, claim, err := i.claim(ctx, program, c)
	if err != nil || claim == nil {
		leave()
		return accepted, err
	}
	accepted.Record = nil // it is the attempt's now
	done := make(chan struct{})
	var failure error
	go func() {
		defer leave()
		defer close(done)
		// Whoever asked may leave: what was taken in is processed.
		going, cancel := i.outliving(ctx)
		defer cancel()
		var lost []*records.Claim
		if lost, failure = i.Runner.Attempt(going, program, []*records.Claim{claim}); failure == nil && len(lost) > 0 {
			failure = errTaken
		}
	}()
	select {
	case <-done:
		if failure != nil {
			return records.Acceptance{}, failure
		}
		accepted.Record = claim.Record
		return told(accepted), nil
	case <-ctx.Done():
		return records.Acceptance{}, ctx.Err()
	}
}

// errTaken means that another node goes on with a payload that was taken in.
var errTaken = fault.New(fault.Unavailable, "processing the payload took too long, and goes on elsewhere").After(time.Second)

// claim takes the payload in and claims it. Without a claim, it is answered.
func (i *Intake) claim(ctx context.Context, program *pipeline.Program, c *candidate) (records.Acceptance, *records.Claim, error) {
	if !c.ordered() {
		draft := c.draft(program, records.Progress{State: records.Processing, Attempts: 1})
		draft.LeaseTime = i.Runner.Lease
		accepted, err := i.Writer.Accept(ctx, draft)
		if err != nil || accepted.Lease == 0 {
			return accepted, nil, err
		}
		record := *accepted.Record // others may have been answered with it, too
		return accepted, &records.Claim{Record: &record, Lease: accepted.Lease}, nil
	}
	reserved := c.received.Add(i.Runner.Lease)
	accepted, err := i.Writer.Accept(ctx, c.draft(program, records.Progress{State: records.Queued, NextAttemptAt: &reserved}))
	if err != nil || accepted.Record == nil || accepted.Duplicate || accepted.Refusal != nil {
		return accepted, nil, err
	}
	record := *accepted.Record
	accepted.Record = &record
	claim, err := i.Runner.Queue.LeaseFirst(ctx, &record, *c.admission.OrderingKey, i.Runner.Lease)
	if err == nil && claim != nil {
		return accepted, claim, nil
	}
	// Whatever failed was logged; the payload is taken in, and the workers process it.
	if i.Runner.Queue.Offer(ctx, &record) == nil {
		record.NextAttemptAt = &record.ReceivedAt
	}
	return accepted, nil, nil
}

// told returns what the caller is told of a payload whose steps may have run.
func told(a records.Acceptance) records.Acceptance {
	if r := a.Record; r != nil && !a.Duplicate && a.Refusal == nil && r.LastError != nil {
		a.Refusal = pipeline.Refuse(pipeline.StepFailed, "%s", r.LastError.Message).At("input", "payload")
		if r.NextAttemptAt != nil {
			a.Refusal.Message += "; it is tried again"
		}
	}
	return a
}

// enter makes the end of Run wait for an attempt, until leave is called.
func (i *Intake) enter() (leave func(), err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.running {
		return nil, errStopping
	}
	i.attempts.Add(1)
	return i.attempts.Done, nil
}

var errStopping = fault.New(fault.Unavailable, "the server is stopping").After(time.Second)

// outliving returns a context for an attempt that goes on when its caller leaves,
// and ends when the intake gives up.
func (i *Intake) outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	going, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(i.stopping, cancel)
	return going, func() { stop(); cancel() }
}

// refused returns the acceptance of a payload that may not come in.
func refused(id string, err error) (records.Acceptance, error) {
	var (
		refusal *pipeline.Refusal
		several pipeline.Refusals
	)
	if !errors.As(err, &refusal) {
		return records.Acceptance{}, err
	}
	a := records.Acceptance{PayloadID: id, Refusal: refusal}
	if errors.As(err, &several) {
		a.Others = several[1:]
	}
	return a, nil
}

// at returns an error whose refusal is of a field.
func at(err error, field ...string) error {
	var refusal *pipeline.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	moved := *refusal
	return moved.At(field...)
}
