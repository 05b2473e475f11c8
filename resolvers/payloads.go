package resolvers

import (
	"context"

	"barograph/graph/wire"
	"barograph/pipeline"
	"barograph/records"
)

func (r mutationResolver) ProcessPayload(ctx context.Context, input wire.ProcessPayloadInput) (*wire.ProcessPayloadResult, error) {
	accepted, err := r.Intake.Process(ctx, reach(ctx), input.Pipeline, input.Payload)
	countPayload(ctx, accepted, err)
	if err != nil {
		return nil, err
	}
	return &wire.ProcessPayloadResult{
		Record: accepted.Record, Duplicate: accepted.Duplicate, Problems: wire.Problems(accepted.Refusal, accepted.Others...),
	}, nil
}

func (r mutationResolver) SubmitPayloads(ctx context.Context, input wire.SubmitPayloadsInput) (*wire.SubmitPayloadsResult, error) {
	accepted, err := r.Intake.Submit(ctx, reach(ctx), input.Pipeline, input.Payloads)
	if err != nil {
		for range input.Payloads {
			countPayload(ctx, records.Acceptance{}, err)
		}
		return nil, err
	}
	result := &wire.SubmitPayloadsResult{Outcomes: make([]wire.PayloadOutcome, len(accepted)), Problems: []wire.Problem{}}
	page := make([]*records.Record, 0, len(accepted))
	for i, a := range accepted {
		countPayload(ctx, a, nil)
		result.Outcomes[i] = outcomeOf(a)
		if a.Record != nil {
			page = append(page, a.Record)
		}
		if len(result.Problems) == 0 && ofTheCall(a.Refusal) {
			result.Problems = wire.Problems(a.Refusal)
		}
	}
	r.announce(ctx, page, "outcomes.record")
	return result, nil
}

// outcomeOf returns what became of one of several payloads.
func outcomeOf(a records.Acceptance) wire.PayloadOutcome {
	switch {
	case a.Refusal == nil && a.Duplicate:
		return &wire.Duplicate{Record: a.Record}
	case a.Refusal == nil:
		return &wire.Accepted{Record: a.Record}
	case a.Refusal.Code == pipeline.PayloadConflict:
		return &wire.Conflict{Record: a.Record, Problem: wire.Problem{Refusal: a.Refusal}}
	}
	rejected := &wire.Rejected{Problem: wire.Problem{Refusal: a.Refusal}}
	if a.PayloadID != "" {
		rejected.PayloadID = &a.PayloadID
	}
	return rejected
}

// ofTheCall reports whether a payload was refused for what is none of its own.
func ofTheCall(refusal *pipeline.Refusal) bool {
	if refusal == nil {
		return false
	}
	switch refusal.Code {
	case pipeline.NotFound, pipeline.Inactive, pipeline.Overloaded:
		return true
	}
	return false
}
