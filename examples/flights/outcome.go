package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

var submitPayloads = operation{"SubmitPayloads", `mutation SubmitPayloads($pipeline: String!, $payloads: [JSON]!) {
  submitPayloads(input: {pipeline: $pipeline, payloads: $payloads}) {
    outcomes {
      __typename
      ... on Accepted { record { payloadId } }
      ... on Duplicate { record { payloadId } }
      ... on Conflict { record { payloadId } problem { code message field retryAfterMs } }
      ... on Rejected { payloadId problem { code message field retryAfterMs } }
    }
  }
}`}

var processPayload = operation{"ProcessPayload", `mutation ProcessPayload($pipeline: String!, $payload: JSON!) {
  processPayload(input: {pipeline: $pipeline, payload: $payload}) {
    duplicate
    record { payloadId }
    problems { code message field retryAfterMs }
  }
}`}

// A problem is why something was refused.
type problem struct {
	Code         string
	Message      string
	Field        []string
	RetryAfterMs *int
}

// Error tells the code, the reason and the place.
func (p problem) Error() string {
	text := p.Code + ": " + p.Message
	if len(p.Field) > 0 {
		text += " at " + strings.Join(p.Field, ".")
	}
	return text
}

// A verdict is which kind of outcome a payload has, by the name of its type.
type verdict string

const (
	accepted  verdict = "Accepted"
	duplicate verdict = "Duplicate" // taken in before, with the same content
	conflict  verdict = "Conflict"  // taken in before, with other content
	rejected  verdict = "Rejected"
)

// An outcome is what became of one payload.
type outcome struct {
	Verdict verdict `json:"__typename"`
	Record  *struct{ PayloadID string }
	Problem *problem // of a conflict or a rejection
}

// check checks that the outcome is that of the payload with an id, which was taken
// in now or before.
func (o outcome) check(id string) error {
	switch o.Verdict {
	case accepted, duplicate:
		switch {
		case o.Record == nil:
			return errors.New("the gateway answered no record")
		case o.Record.PayloadID != id:
			return fmt.Errorf("the gateway answered the record of %s", o.Record.PayloadID)
		}
		return nil
	case conflict, rejected:
		if o.Problem == nil {
			return fmt.Errorf("%s, and the gateway does not say why", o.Verdict)
		}
		return fmt.Errorf("%s: %w", o.Verdict, *o.Problem)
	}
	return fmt.Errorf("the gateway answered a %q", o.Verdict)
}

// retryAfter returns when a payload is to be sent again that was refused because
// too many others wait.
func (o outcome) retryAfter() (wait time.Duration, overloaded bool) {
	if o.Verdict != rejected || o.Problem == nil || o.Problem.Code != "OVERLOADED" || o.Problem.RetryAfterMs == nil {
		return 0, false
	}
	return time.Duration(*o.Problem.RetryAfterMs) * time.Millisecond, true
}

// A sender sends payloads in one request, and returns what became of each, in order.
type sender func(ctx context.Context, g *gateway, payloads []payload) ([]outcome, error)

// sendForLater has payloads taken in, to be processed soon.
func sendForLater(ctx context.Context, g *gateway, payloads []payload) ([]outcome, error) {
	var data struct {
		SubmitPayloads struct{ Outcomes []outcome }
	}
	if err := g.ask(ctx, submitPayloads, map[string]any{"pipeline": pipelineName, "payloads": payloads}, &data); err != nil {
		return nil, err
	}
	if outcomes := data.SubmitPayloads.Outcomes; len(outcomes) == len(payloads) {
		return outcomes, nil
	}
	return nil, fmt.Errorf("the gateway answered %d outcomes for %d payloads", len(data.SubmitPayloads.Outcomes), len(payloads))
}

// sendAndProcess has the first and only payload processed before the answer. One
// whose step failed has been taken in, and is tried again.
func sendAndProcess(ctx context.Context, g *gateway, payloads []payload) ([]outcome, error) {
	var data struct {
		ProcessPayload *struct {
			Duplicate bool
			Record    *struct{ PayloadID string }
			Problems  []problem
		}
	}
	if err := g.ask(ctx, processPayload, map[string]any{"pipeline": pipelineName, "payload": payloads[0]}, &data); err != nil {
		return nil, err
	}
	answer := data.ProcessPayload
	if answer == nil {
		return nil, errors.New("the gateway answered nothing")
	}
	o := outcome{Verdict: accepted, Record: answer.Record}
	if answer.Duplicate {
		o.Verdict = duplicate
	}
	if len(answer.Problems) > 0 && answer.Problems[0].Code != "STEP_FAILED" {
		o.Verdict, o.Problem = rejected, &answer.Problems[0]
		if o.Problem.Code == "PAYLOAD_CONFLICT" {
			o.Verdict = conflict
		}
	}
	return []outcome{o}, nil
}
