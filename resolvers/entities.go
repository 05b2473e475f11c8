package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"barograph/gazetteer"
	"barograph/graph/federation"
	"barograph/graph/generated"
	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

var _ generated.FederationResolver = (*Root)(nil)

// Service returns what a router composes.
func (*Root) Service(context.Context) (wire.Service, error) {
	return wire.Service{SDL: federation.SDL()}, nil
}

// Entities returns what is represented, in order. Each that there is none of is
// nil, with an error at its path.
func (r *Root) Entities(ctx context.Context, representations []any) ([]wire.Entity, error) {
	if err := withinListLimit("representations", len(representations)); err != nil {
		return nil, err
	}
	ids, cities := make([]string, len(representations)), make([]*gazetteer.City, 0, len(representations))
	for i, representation := range representations {
		id, err := entityID(representation)
		if err != nil {
			addErrorAt(ctx, err, i)
			continue
		}
		ids[i] = id
		if key, ok := gazetteer.ParseKey(id); ok {
			city, _ := r.Gazetteer.City(key)
			cities = append(cities, city)
		}
	}
	r.announceNodes(ctx, ids)
	if len(cities) == len(ids) && graphql.FieldRequested(ctx, "weather") { // others may lead to more
		announceWeather(ctx, cities)
	}
	entities := make([]wire.Entity, len(ids))
	for i, id := range ids {
		if id == "" {
			continue
		}
		entity, err := r.node(ctx, id)
		if err == nil && entity == nil {
			err = fault.New(fault.NotFound, "nothing is known as %.300q", id)
		}
		if err != nil {
			addErrorAt(ctx, err, i)
			continue
		}
		entities[i] = entity
	}
	return entities, nil
}

// entityID returns the global id of what is represented.
func entityID(representation any) (string, error) {
	fields, ok := representation.(map[string]any)
	if !ok {
		return "", fault.New(fault.BadInput, "a representation must be an object")
	}
	name, _ := fields["__typename"].(string)
	id, _ := fields["id"].(string)
	switch name {
	case "City":
		_, ok = gazetteer.ParseKey(id)
	case "Record":
		_, ok = records.ParseID(id)
	case "Pipeline":
		if _, given := fields["id"]; !given {
			name, _ := fields["name"].(string)
			id = (&pipeline.Pipeline{Name: name}).ID()
		}
		_, ok = pipeline.ParseID(id)
	default:
		return "", fault.New(fault.BadInput, "a representation's __typename must be City, Pipeline or Record, and is not %.80q", name)
	}
	if !ok {
		return "", fault.New(fault.BadInput, "the representation has no key of a %s", name)
	}
	return id, nil
}
