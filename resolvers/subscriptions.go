package resolvers

import (
	"context"
	"slices"

	"barograph/graph/stream"
	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/records"
)

func (r subscriptionResolver) RecordChanged(ctx context.Context, pipelineName *string, states []records.State) (<-chan *wire.RecordEvent, error) {
	subscription, err := r.Feed.Subscribe()
	if err != nil {
		return nil, err
	}
	events := make(chan *wire.RecordEvent)
	go func() {
		defer close(events)
		defer r.Feed.Unsubscribe(subscription)
		for {
			select {
			case <-ctx.Done():
				return
			case record, ok := <-subscription.Changes():
				if !ok {
					stream.Fail(ctx, fault.Wrap(subscription.Err(), fault.Overloaded, "the subscription ended: changes came faster than they were taken"))
					return
				}
				if pipelineName != nil && record.Pipeline != *pipelineName || len(states) > 0 && !slices.Contains(states, record.State) {
					continue
				}
				select {
				case events <- &wire.RecordEvent{Record: record}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return events, nil
}
