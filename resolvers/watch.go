package resolvers

import (
	"context"

	"barograph/graph/stream"
	"barograph/graph/wire"
	"barograph/loaders"
)

func (r subscriptionResolver) WeatherChanged(ctx context.Context, city string, units wire.Units) (<-chan *wire.Weather, error) {
	found, err := r.city(city)
	if err != nil {
		return nil, err
	}
	watcher, err := r.Weather.Watch(ctx, place(found), loaders.Need(ctx))
	if err != nil {
		return nil, err
	}
	events := make(chan *wire.Weather)
	go func() {
		defer close(events)
		defer r.Weather.Unwatch(watcher)
		for {
			select {
			case <-ctx.Done():
				return
			case result, ok := <-watcher.Reports():
				if !ok {
					stream.Fail(ctx, watcher.Err())
					return
				}
				select {
				case events <- &wire.Weather{City: found, Units: units, Result: result}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return events, nil
}
