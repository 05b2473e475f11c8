package resolvers

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/gazetteer"
	"barograph/internal/fault"
	"barograph/loaders"
	"barograph/weather"
)

const (
	listLimit   = 1000 // names or ids in one list
	searchLimit = 100
)

func (r queryResolver) City(_ context.Context, name string) (*gazetteer.City, error) {
	return r.city(name)
}

func (r queryResolver) Cities(ctx context.Context, names []string) ([]*gazetteer.City, error) {
	if err := withinListLimit("names", len(names)); err != nil {
		return nil, err
	}
	cities := make([]*gazetteer.City, len(names))
	for i, name := range names {
		city, err := r.city(name)
		if err != nil {
			addErrorAt(ctx, err, i)
		}
		cities[i] = city
	}
	if requested(ctx, "weather") {
		announceWeather(ctx, cities)
	}
	return cities, nil
}

func (r queryResolver) SearchCities(ctx context.Context, query string, first int, country *string) ([]gazetteer.City, error) {
	if first < 1 || first > searchLimit {
		return nil, fault.New(fault.BadInput, "first must be from 1 to %d", searchLimit)
	}
	code := ""
	if country != nil {
		if code = strings.ToUpper(*country); len(code) != 2 {
			return nil, fault.New(fault.BadInput, "country must be an ISO 3166-1 alpha-2 code, as in NO")
		}
	}
	found := r.Gazetteer.Search(query, first, code)
	if requested(ctx, "weather") {
		announceWeather(ctx, found)
	}
	cities := make([]gazetteer.City, len(found))
	for i, city := range found {
		cities[i] = *city
	}
	return cities, nil
}

// city returns the city that goes by the name or has the id.
func (r *Root) city(name string) (*gazetteer.City, error) {
	city, ok := r.Gazetteer.Find(name)
	if !ok {
		return nil, fault.New(fault.NotFound, "no city is known as %.100q", name)
	}
	return city, nil
}

// announceWeather says that the weather of these cities is going to be loaded,
// nil ones left aside.
func announceWeather(ctx context.Context, cities []*gazetteer.City) {
	places := make([]weather.Place, 0, len(cities))
	for _, city := range cities {
		if city != nil {
			places = append(places, place(city))
		}
	}
	loaders.From(ctx).Weather.Announce(ctx, places)
}

// addErrorAt adds an error below ctx's field, where names and the indices of
// lists lead to.
func addErrorAt(ctx context.Context, err error, below ...any) {
	path := append(ast.Path{}, graphql.GetPath(ctx)...)
	for _, step := range below {
		switch step := step.(type) {
		case int:
			path = append(path, ast.PathIndex(step))
		case string:
			path = append(path, ast.PathName(step))
		}
	}
	graphql.AddError(ctx, gqlerror.WrapPath(path, err))
}

func withinListLimit(argument string, n int) error {
	if n > listLimit {
		return fault.New(fault.LimitExceeded, "%s has %d items, and %d are allowed", argument, n, listLimit)
	}
	return nil
}
