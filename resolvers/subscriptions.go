package resolvers

import (
	"context"

	"barograph/graph/stream"
	"barograph/graph/wire"
	"barograph/records"
)

func (r subscriptionResolver) RecordChanged(
	ctx context.Context, pipelineName *string, states []records.State, after *string,
) (<-chan *wire.RecordEvent, error) {
	if last := stream.LastEventID(ctx); after == nil && last != "" {
		after = &last
	}
	bookmark, err := wire.ParseEventCursor("after", after)
	if err != nil {
		return nil, err
	}
	subscription, err := r.Feed.Subscribe(ctx, reach(ctx), records.Interest{Pipeline: pipelineName, States: states}, bookmark)
	if err != nil {
		return nil, err
	}
	events := make(chan *wire.RecordEvent)
	go func() {
		defer close(events)
		defer subscription.Close()
		for {
			change, err := subscription.Next(ctx)
			if err != nil {
				if ctx.Err() == nil {
					stream.Fail(ctx, err)
				}
				return
			}
			event := &wire.RecordEvent{Cursor: wire.EventCursor(change.Bookmark), Record: change.Record}
			stream.Identify(ctx, event.Cursor)
			select {
			case events <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}
