package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"barograph/auth"
	"barograph/internal/fault"
	"barograph/internal/operation"
	"barograph/records"
)

// A group is payloads that are submitted together.
type group struct {
	pipeline string
	items    []item
	results  []result // one an item
	pending  []int    // the items that are not decided on; their results say why
	paid     bool     // whether they may be submitted
	bytes    int64
}

func newGroup(pipeline string, items []item) *group {
	g := &group{pipeline: pipeline, items: items, results: make([]result, len(items))}
	for i, it := range items {
		g.bytes += int64(len(it.payload))
		if it.refusal != nil {
			g.results[i] = refusedResult(it)
		} else {
			g.pending = append(g.pending, i)
		}
	}
	return g
}

// gather returns a group of the item and those that have come since, so many at
// most. It waits for none: while one group is being written, the next one gathers by itself.
func gather(pipeline string, first item, rest <-chan item, most int) *group {
	items, bytes := []item{first}, len(first.payload)
	for len(items) < most && bytes < groupBytes {
		select {
		case it, open := <-rest:
			if !open {
				return newGroup(pipeline, items)
			}
			items = append(items, it)
			bytes += len(it.payload)
		default:
			return newGroup(pipeline, items)
		}
	}
	return newGroup(pipeline, items)
}

// decide submits a group, once it is paid for, until nothing of it is pending, or the
// patience is over or ctx done. What is pending then has failed.
func (h *Handler) decide(ctx context.Context, g *group) {
	patience, cancel := context.WithTimeout(ctx, h.config.Patience.Room)
	defer cancel()
	for h.attempt(ctx, g); len(g.pending) > 0; h.attempt(ctx, g) {
		timer := time.NewTimer(g.pause())
		select {
		case <-timer.C:
		case <-patience.Done():
			timer.Stop()
			return
		}
	}
}

// shortPause is the pause before another attempt where nothing says how long it
// should be.
const shortPause = 250 * time.Millisecond

// pause returns how long to wait before another attempt.
func (g *group) pause() time.Duration {
	pause := time.Duration(0)
	for _, i := range g.pending {
		pause = max(pause, time.Duration(g.results[i].Problem.RetryAfterMs)*time.Millisecond)
	}
	if pause == 0 {
		return shortPause
	}
	return pause
}

// pay charges for what a group is to submit, and reports whether that may go on. What
// waits for it makes the reader wait, and so the client.
func (h *Handler) pay(ctx context.Context, g *group) bool {
	if g.paid || h.config.Charge == nil {
		return true
	}
	err := h.config.Charge(ctx, len(g.pending))
	if err != nil {
		for _, i := range g.pending {
			g.results[i] = failedResult(g.items[i], err)
		}
	}
	g.paid = err == nil
	return g.paid
}

// attempt submits what is pending, once.
func (h *Handler) attempt(ctx context.Context, g *group) {
	if len(g.pending) == 0 || !h.pay(ctx, g) {
		return
	}
	payloads := make([]json.RawMessage, len(g.pending))
	for n, i := range g.pending {
		payloads[n] = g.items[i].payload
	}
	acceptances, err := h.submit(ctx, g.pipeline, payloads)
	var pending []int
	for n, i := range g.pending {
		r := &g.results[i]
		if err != nil {
			*r = failedResult(g.items[i], err)
		} else {
			*r = resultOf(g.items[i], &acceptances[n])
		}
		if r.Outcome == undecided && (err == nil || fault.KindOf(err).Retryable()) {
			pending = append(pending, i)
		}
	}
	g.pending = pending
}

var submitPayloads = operation.New("ingest payloads")

// submit hands payloads to the intake. Whoever sent them may leave meanwhile:
// what has been taken on is written.
func (h *Handler) submit(ctx context.Context, pipeline string, payloads []json.RawMessage) ([]records.Acceptance, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), submitTimeout)
	defer cancel()
	groupSizes.Record(ctx, int64(len(payloads)))
	return operation.Value(ctx, submitPayloads, h.config.Logger, func(ctx context.Context) ([]records.Acceptance, error) {
		acceptances, err := h.config.Intake.Submit(ctx, auth.From(ctx).Reach, pipeline, payloads)
		if err == nil && len(acceptances) != len(payloads) {
			err = fmt.Errorf("%d payloads were submitted, and %d decided on", len(payloads), len(acceptances))
		}
		return acceptances, err
	}, trace.WithAttributes(attribute.String("barograph.pipeline", pipeline), attribute.Int("barograph.payloads", len(payloads))))
}
