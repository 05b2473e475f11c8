package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

var processPayload = operation{"ProcessPayload", `mutation ProcessPayload($payload: JSON!) {
  processPayload(input: {payload: $payload}) {
    duplicate
    record { payloadId state }
    problems { code message }
  }
}`}

// A submission is what became of all payloads.
type submission struct {
	payloads   int
	duplicates int // taken in before
	elapsed    time.Duration
	latencies  []time.Duration // of each answer, the quickest first
}

// submit submits each payload in a request of its own, some at a time, and ends
// at the first that was not taken in.
func submit(ctx context.Context, g *gateway, payloads []payload, concurrency int) (submission, error) {
	s := submission{payloads: len(payloads), latencies: make([]time.Duration, len(payloads))}
	duplicate := make([]bool, len(payloads))
	start := time.Now()
	submitting, ctx := errgroup.WithContext(ctx)
	submitting.SetLimit(concurrency)
	for i, p := range payloads {
		submitting.Go(func() (err error) {
			sent := time.Now()
			if duplicate[i], err = submitOne(ctx, g, p); err != nil {
				return fmt.Errorf("submit %s: %w", p.ID, err)
			}
			s.latencies[i] = time.Since(sent)
			return nil
		})
	}
	if err := submitting.Wait(); err != nil {
		return submission{}, err
	}
	s.elapsed = time.Since(start)
	slices.Sort(s.latencies)
	for _, d := range duplicate {
		if d {
			s.duplicates++
		}
	}
	return s, nil
}

// submitOne submits a payload, and returns whether it had been taken in before.
func submitOne(ctx context.Context, g *gateway, p payload) (duplicate bool, err error) {
	var data struct {
		ProcessPayload *struct {
			Duplicate bool
			Record    *struct{ PayloadID, State string }
			Problems  []struct{ Code, Message string }
		}
	}
	if err := g.ask(ctx, processPayload, map[string]any{"payload": p}, &data); err != nil {
		return false, err
	}
	result := data.ProcessPayload
	switch {
	case result == nil:
		return false, errors.New("the gateway answered nothing")
	case len(result.Problems) > 0:
		return false, fmt.Errorf("refused with %s: %s", result.Problems[0].Code, result.Problems[0].Message)
	case result.Record == nil:
		return false, errors.New("the gateway answered no record")
	case result.Record.PayloadID != p.ID:
		return false, fmt.Errorf("the gateway answered the record of %s", result.Record.PayloadID)
	case result.Record.State != processed:
		return false, fmt.Errorf("the record is %s", result.Record.State)
	}
	return result.Duplicate, nil
}
