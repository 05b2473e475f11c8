package resolvers

import (
	"context"
	"strconv"

	"barograph/auth"
	"barograph/graph/wire"
	"barograph/pipeline"
	"barograph/records"
)

func (r mutationResolver) ReplayRecords(ctx context.Context, input wire.ReplayRecordsInput) (*wire.ReplayRecordsResult, error) {
	switch {
	case input.IDs != nil && input.Filter == nil:
		return r.replayIDs(ctx, input.IDs, input.DryRun)
	case input.IDs != nil || input.Filter == nil || input.Filter.Pipeline == nil:
		return &wire.ReplayRecordsResult{Problems: wire.Problems(unnamed)}, nil
	}
	if input.Filter.City != nil || len(input.Filter.Attributes) > 0 {
		// How many records meet these tells what is in them.
		if err := auth.Require(ctx, auth.RecordsRead); err != nil {
			return nil, err
		}
	}
	filter, err := r.filter(ctx, records.Filter{}, *input.Filter)
	if err != nil {
		return nil, err
	}
	replay, err := r.Queue.Replay(ctx, reach(ctx), filter, r.now(), input.DryRun)
	if err != nil {
		return nil, err
	}
	return replayResult(replay), nil
}

var unnamed = pipeline.Refuse(wire.RecordsNotNamed, "either ids, or a filter with a pipeline, says which records").At("input")

// replayIDs replays the records with ids.
func (r *Root) replayIDs(ctx context.Context, ids []string, dry bool) (*wire.ReplayRecordsResult, error) {
	if err := withinListLimit("ids", len(ids)); err != nil {
		return nil, err
	}
	keys := make([]records.Key, len(ids))
	for i, id := range ids {
		keys[i], _ = records.ParseID(id) // what is no id is of no record
	}
	replay, err := r.Queue.ReplayKeys(ctx, reach(ctx), keys, r.now(), dry)
	if err != nil {
		return nil, err
	}
	result := replayResult(replay)
	for _, refused := range replay.Refusals {
		result.Problems = append(result.Problems, wire.Problem{Refusal: refused.At("input", "ids", strconv.Itoa(refused.Index))})
	}
	return result, nil
}

func replayResult(r records.Replay) *wire.ReplayRecordsResult {
	return &wire.ReplayRecordsResult{
		Matched: r.Replayed + r.Remaining, Replayed: r.Replayed, Remaining: r.Remaining, Problems: []wire.Problem{},
	}
}
