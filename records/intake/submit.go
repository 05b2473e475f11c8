package intake

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"barograph/internal/fault"
	"barograph/internal/operation"
	"barograph/pipeline"
	"barograph/records"
)

// Submit takes payloads in, to a pipeline within reach, for the workers to process,
// and returns what became of each, in order, once all that were taken in are
// durable. Of payloads with one id, the first is the one that the others meet. In
// the order of the call, they are one microsecond apart. Null is refused like
// whatever is no object.
//
// An expected refusal is in the acceptance. An error means that nothing is known
// of what became of the payloads: they may be sent again, and take effect once.
func (i *Intake) Submit(ctx context.Context, reach pipeline.Reach, name string, payloads []json.RawMessage) ([]records.Acceptance, error) {
	if len(payloads) > SubmitLimit {
		return nil, fault.New(fault.BadInput, "payloads has %d items, and at most %d are allowed", len(payloads), SubmitLimit)
	}
	if len(payloads) == 0 {
		return []records.Acceptance{}, nil
	}
	return operation.Value(ctx, submitPayloads, i.Logger, func(ctx context.Context) ([]records.Acceptance, error) {
		return i.submit(ctx, reach, name, payloads)
	})
}

func (i *Intake) submit(ctx context.Context, reach pipeline.Reach, name string, texts []json.RawMessage) ([]records.Acceptance, error) {
	accepted := make([]records.Acceptance, len(texts))
	payloads := make([]*pipeline.Payload, len(texts))
	var open []int // of the texts of which it is not known yet what becomes of them
	for n, text := range texts {
		payload, err := pipeline.ParsePayload(text)
		if err != nil {
			if accepted[n], err = refused("", item(err, n)); err != nil {
				return nil, err
			}
			continue
		}
		payloads[n], open = payload, append(open, n)
	}
	if refusal := i.backlog.refuse(len(open)); refusal != nil {
		for _, n := range open {
			accepted[n] = records.Acceptance{PayloadID: payloads[n].ID, Refusal: refusal}
		}
		return accepted, nil
	}
	first := i.clock.next(i.Now(), len(texts))
	for range versionTries {
		if len(open) == 0 {
			return accepted, nil
		}
		program, err := i.current(ctx, reach, name)
		if err != nil {
			refusal, err := refused("", err)
			if err != nil {
				return nil, err
			}
			for _, n := range open {
				accepted[n] = records.Acceptance{PayloadID: payloads[n].ID, Refusal: refusal.Refusal}
			}
			return accepted, nil
		}
		var (
			drafts []records.Draft
			which  []int
		)
		for _, n := range open {
			c, err := i.admit(ctx, program, payloads[n], after(first, n))
			if err != nil {
				if accepted[n], err = refused(payloads[n].ID, item(err, n)); err != nil {
					return nil, err
				}
				continue
			}
			drafts, which = append(drafts, c.queued(program)), append(which, n)
		}
		became, err := i.Writer.AcceptAll(ctx, drafts)
		if err != nil {
			return nil, err
		}
		open = open[:0]
		for k, n := range which {
			accepted[n] = became[k]
			if became[k].Refusal != nil {
				accepted[n].Refusal = itemRefusal(became[k].Refusal, n)
			}
			if became[k].Missed != 0 {
				open = append(open, n)
			} else if became[k].Record != nil && !became[k].Duplicate && became[k].Refusal == nil {
				i.backlog.add(1)
			}
		}
		if len(open) > 0 {
			i.Catalog.Forget(name)
		}
	}
	if len(open) > 0 {
		return nil, errChanging
	}
	return accepted, nil
}

// item returns an error whose refusal is of the payload with a number.
func item(err error, n int) error {
	var refusal *pipeline.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	return itemRefusal(refusal, n)
}

// itemRefusal returns a refusal of a payload as that of one among several.
func itemRefusal(refusal *pipeline.Refusal, n int) *pipeline.Refusal {
	if len(refusal.Field) < 2 || refusal.Field[1] != "payload" {
		return refusal
	}
	moved := *refusal
	return moved.At(append([]string{"input", "payloads", strconv.Itoa(n)}, refusal.Field[2:]...)...)
}
