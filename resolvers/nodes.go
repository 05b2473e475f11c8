package resolvers

import (
	"context"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/gazetteer"
	"barograph/graph/caching"
	"barograph/graph/wire"
	"barograph/loaders"
	"barograph/pipeline"
	"barograph/records"
	"barograph/weather"
)

func (r queryResolver) Node(ctx context.Context, id string) (wire.Node, error) {
	r.announceNodes(ctx, []string{id})
	return r.node(ctx, id)
}

func (r queryResolver) Nodes(ctx context.Context, ids []string) ([]wire.Node, error) {
	if err := withinListLimit("ids", len(ids)); err != nil {
		return nil, err
	}
	r.announceNodes(ctx, ids) // so that one after the other, all come out of the same batches
	nodes := make([]wire.Node, len(ids))
	for i, id := range ids {
		node, err := r.node(ctx, id)
		if err != nil {
			addErrorAt(ctx, err, i)
			continue
		}
		nodes[i] = node
	}
	return nodes, nil
}

// announceNodes says what is going to be loaded for the ids.
func (r *Root) announceNodes(ctx context.Context, ids []string) {
	var (
		names   []string
		keys    []records.Key
		apiKeys []string
		places  []weather.Place
	)
	for _, id := range ids {
		if r.findable(ctx, id) != nil {
			continue
		}
		if name, ok := pipeline.ParseID(id); ok {
			names = append(names, name)
		} else if key, ok := records.ParseID(id); ok {
			keys = append(keys, key)
		} else if key, ok := apikey.ParseGlobalID(id); ok {
			apiKeys = append(apiKeys, key)
		} else if asked, ok := r.parseWeatherID(id); ok {
			places = append(places, asked.place)
		}
	}
	set := loaders.From(ctx)
	set.Pipelines.Announce(ctx, names)
	set.Records.Announce(ctx, keys)
	set.Keys.Announce(ctx, apiKeys)
	if len(places) == len(ids) { // the others may lead to more
		set.Weather.Announce(ctx, places)
	}
}

// findable returns why whoever asks may not find what an id names, or nil. It
// takes what the other fields take that find it, be it there or not.
func (r *Root) findable(ctx context.Context, id string) error {
	if _, ok := pipeline.ParseID(id); ok {
		return auth.Require(ctx, auth.RecordsRead, auth.PayloadsWrite, auth.RecordsReplay, auth.PipelinesWrite)
	}
	if _, ok := records.ParseID(id); ok {
		return auth.Require(ctx, auth.RecordsRead)
	}
	if _, ok := apikey.ParseGlobalID(id); ok {
		return auth.Require(ctx, auth.KeysWrite)
	}
	if _, ok := r.parseWeatherID(id); ok {
		return auth.Require(ctx, auth.WeatherRead)
	}
	return nil
}

// node returns what the id names, or nil when nothing has it.
func (r *Root) node(ctx context.Context, id string) (wire.Node, error) {
	if err := r.findable(ctx, id); err != nil {
		return nil, err
	}
	if key, ok := gazetteer.ParseKey(id); ok {
		city, _ := r.Gazetteer.City(key)
		return some(city), nil
	}
	if asked, ok := r.parseWeatherID(id); ok {
		found, err := r.report(ctx, asked.city, asked.place, asked.units)
		return some(found), err
	}
	caching.Limit(ctx, 0) // the rest changes, or may come to be
	if name, ok := pipeline.ParseID(id); ok {
		found, err := loaders.From(ctx).Pipelines.Load(ctx, name)
		return some(found), err
	}
	if key, ok := records.ParseID(id); ok {
		found, err := loaders.From(ctx).Records.Load(ctx, key)
		return some(found), err
	}
	if id, ok := apikey.ParseGlobalID(id); ok {
		found, err := loaders.From(ctx).Keys.Load(ctx, id)
		return some(found), err
	}
	return nil, nil
}

// A weatherNode is what the id of a report asks for.
type weatherNode struct {
	city  *gazetteer.City // nil for bare coordinates
	place weather.Place
	units wire.Units
}

// parseWeatherID returns what the id of a report asks for, and whether it is one.
func (r *Root) parseWeatherID(id string) (weatherNode, bool) {
	key, latitude, longitude, units, ok := wire.ParseWeatherID(id)
	if !ok {
		return weatherNode{}, false
	}
	if key == "" {
		at, err := r.placeAt(latitude, longitude)
		return weatherNode{nil, at, units}, err == nil
	}
	city, ok := r.Gazetteer.Find(key)
	if !ok {
		return weatherNode{}, false
	}
	return weatherNode{city, place(city), units}, true
}

// some returns a node, without wrapping a nil pointer into one.
func some[T any](found *T) wire.Node {
	if found == nil {
		return nil
	}
	return found
}
