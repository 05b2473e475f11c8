package resolvers

import (
	"context"

	"barograph/gazetteer"
	"barograph/graph/wire"
	"barograph/loaders"
	"barograph/pipeline"
	"barograph/records"
)

func (r queryResolver) Record(ctx context.Context, pipelineName, payloadID string) (*records.Record, error) {
	return loaders.From(ctx).Records.Load(ctx, records.Key{Pipeline: pipelineName, PayloadID: payloadID})
}

func (r queryResolver) Records(
	ctx context.Context, filter wire.RecordFilter, orderBy wire.RecordOrder, first *int, after *string, last *int, before *string,
) (*wire.RecordConnection, error) {
	return r.records(ctx, records.Filter{}, filter, orderBy, wire.Window{First: first, Last: last, After: after, Before: before})
}

func (r cityResolver) Records(
	ctx context.Context, city *gazetteer.City, filter wire.RecordFilter, orderBy wire.RecordOrder, first *int, after *string, last *int, before *string,
) (*wire.RecordConnection, error) {
	of := records.Filter{CityIDs: []int64{int64(city.ID)}}
	return r.records(ctx, of, filter, orderBy, wire.Window{First: first, Last: last, After: after, Before: before})
}

func (r pipelineResolver) Records(
	ctx context.Context, p *pipeline.Pipeline, filter wire.RecordFilter, orderBy wire.RecordOrder, first *int, after *string, last *int, before *string,
) (*wire.RecordConnection, error) {
	of := records.Filter{Pipelines: []string{p.Name}}
	return r.records(ctx, of, filter, orderBy, wire.Window{First: first, Last: last, After: after, Before: before})
}

func (r recordResolver) Pipeline(ctx context.Context, record *records.Record) (*pipeline.Pipeline, error) {
	return loaders.From(ctx).Pipelines.Load(ctx, record.Pipeline)
}

func (r recordResolver) History(ctx context.Context, record *records.Record) ([]records.Attempt, error) {
	return loaders.From(ctx).History.Load(ctx, record.Key)
}

func (r recordResolver) City(_ context.Context, record *records.Record) (*gazetteer.City, error) {
	return r.cityIn(record), nil
}

// records returns the page of a connection of records: those that belong to
// what it is nested under and meet the filter.
func (r *Root) records(
	ctx context.Context, of records.Filter, filter wire.RecordFilter, orderBy wire.RecordOrder, window wire.Window,
) (*wire.RecordConnection, error) {
	n, fromEnd, err := window.Length()
	if err != nil {
		return nil, err
	}
	stretch := records.Range{Descending: orderBy.Direction == wire.Descending, Limit: n + 1, FromEnd: fromEnd}
	if stretch.After, err = wire.ParseRecordCursor("after", window.After); err != nil {
		return nil, err
	}
	if stretch.Before, err = wire.ParseRecordCursor("before", window.Before); err != nil {
		return nil, err
	}
	if of, err = r.filter(ctx, of, filter); err != nil {
		return nil, err
	}
	found, err := r.Records.Page(ctx, reach(ctx), of, stretch)
	if err != nil {
		return nil, err
	}
	page := wire.NewConnection(window, found, wire.RecordCursor, func(ctx context.Context) (int, error) {
		return r.Records.Count(ctx, reach(ctx), of)
	})
	r.announce(ctx, page.Nodes(), "nodes", "edges.node")
	return page, nil
}

// announce says what the fields below records are going to load, which are at
// some paths below the field that ctx belongs to.
func (r *Root) announce(ctx context.Context, page []*records.Record, paths ...string) {
	below := func(field string) []string {
		fields := make([]string, len(paths))
		for i, path := range paths {
			fields[i] = path + "." + field
		}
		return fields
	}
	if requested(ctx, below("city.weather")...) {
		cities := make([]*gazetteer.City, len(page))
		for i, record := range page {
			cities[i] = r.cityIn(record)
		}
		announceWeather(ctx, cities)
	}
	if requested(ctx, below("pipeline")...) {
		names := make([]string, len(page))
		for i, record := range page {
			names[i] = record.Pipeline
		}
		loaders.From(ctx).Pipelines.Announce(ctx, names)
	}
	if requested(ctx, below("history")...) {
		keys := make([]records.Key, len(page))
		for i, record := range page {
			keys[i] = record.Key
		}
		loaders.From(ctx).History.Announce(ctx, keys)
	}
}

// cityIn returns the city that a record is joined to, nil for none.
func (r *Root) cityIn(record *records.Record) *gazetteer.City {
	if record.CityID == nil {
		return nil
	}
	city, _ := r.Gazetteer.City(int(*record.CityID))
	return city
}
