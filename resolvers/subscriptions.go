package resolvers

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/gqlerror"

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
					endSubscription(ctx, subscription.Err())
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

// endSubscription tells a subscriber why it gets no more.
func endSubscription(ctx context.Context, err error) {
	known := fault.Wrap(err, fault.Overloaded, "the subscription ended: changes came faster than they were taken")
	transport.AddSubscriptionError(ctx, &gqlerror.Error{
		Message:    known.Message,
		Extensions: map[string]any{"code": known.Kind.Code(), "retryable": true},
	})
}
