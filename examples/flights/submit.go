package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// A manner says how payloads are sent.
type manner struct {
	send        sender
	batch       int           // payloads a call
	concurrency int           // calls under way at a time
	patience    time.Duration // for a gateway that is overloaded
}

// A submission is what became of all payloads.
type submission struct {
	payloads   int
	duplicates int // taken in before
	resent     int // times a payload was refused at first, the gateway being overloaded
	began      time.Time
	elapsed    time.Duration
	latencies  []time.Duration // of each call, the quickest first
}

// submit submits the payloads, and ends at the first that is not taken in.
func submit(ctx context.Context, g *gateway, payloads []payload, m manner) (submission, error) {
	batches := slices.Collect(slices.Chunk(payloads, m.batch))
	parts := make([]submission, len(batches))
	began := time.Now()
	submitting, ctx := errgroup.WithContext(ctx)
	submitting.SetLimit(m.concurrency)
	for i, batch := range batches {
		submitting.Go(func() (err error) {
			parts[i], err = submitBatch(ctx, g, batch, m)
			return err
		})
	}
	if err := submitting.Wait(); err != nil {
		return submission{}, err
	}
	s := submission{payloads: len(payloads), began: began, elapsed: time.Since(began)}
	for _, part := range parts {
		s.duplicates += part.duplicates
		s.resent += part.resent
		s.latencies = append(s.latencies, part.latencies...)
	}
	slices.Sort(s.latencies)
	return s, nil
}

// submitBatch sends payloads in one call. What the gateway is too busy for is
// sent again after as long as it says, and nothing else is.
func submitBatch(ctx context.Context, g *gateway, payloads []payload, m manner) (s submission, err error) {
	patience := time.Now().Add(m.patience)
	for {
		sent := time.Now()
		outcomes, err := m.send(ctx, g, payloads)
		if err != nil {
			return s, fmt.Errorf("submit %s and %d more: %w", payloads[0].ID, len(payloads)-1, err)
		}
		s.latencies = append(s.latencies, time.Since(sent))
		var left []payload
		var pause time.Duration
		for i, o := range outcomes {
			wait, overloaded := o.retryAfter()
			if overloaded && time.Now().Add(wait).Before(patience) {
				left, pause = append(left, payloads[i]), max(pause, wait)
				continue
			}
			if err := o.check(payloads[i].ID); err != nil {
				return s, fmt.Errorf("submit %s: %w", payloads[i].ID, err)
			}
			if o.Verdict == duplicate {
				s.duplicates++
			}
		}
		if len(left) == 0 {
			return s, nil
		}
		s.resent += len(left)
		payloads = left
		if err := rest(ctx, pause); err != nil {
			return s, err
		}
	}
}

// rest returns after a while, or once ctx is done.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
