// Package loaders gathers what the fields of one operation ask for, so that it
// is fetched together: the weather of a hundred cities, however they are asked
// for, in one call. Each operation has a set of loaders of its own, and each
// event of a subscription another.
package loaders

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/trace"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/pipeline"
	"barograph/records"
	"barograph/weather"
)

// A Set has the loaders of one operation.
type Set struct {
	Weather   *Loader[weather.Place, weather.Result]
	Pipelines *Loader[string, *pipeline.Pipeline] // by name; nil where there is none
	Records   *Loader[records.Key, *records.Record]
	History   *Loader[records.Key, []records.Attempt] // of records, the attempts that failed
	Keys      *Loader[string, *apikey.Key]            // API keys, by id, that whoever asks reaches; nil where there is none

	plan    plan
	tally   *weather.Tally
	service *weather.Service
}

// Sources are where loaders load from.
type Sources struct {
	Weather   *weather.Service
	Pipelines *pipeline.Store
	Records   *records.Store
	Keys      *apikey.Store
}

// An Extension of gqlgen's execution gives each operation its set.
type Extension struct {
	Sources Sources
	Report  bool                                             // what loading took, to whoever asks
	Denied  func(*graphql.OperationContext, *ast.Field) bool // whether whoever asks gets null for a field, which loads nothing; nil for none
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
	graphql.RootFieldInterceptor
} = Extension{}

// ExtensionName names the extension.
func (Extension) ExtensionName() string { return "Loaders" }

// Validate finds no fault with any schema.
func (Extension) Validate(graphql.ExecutableSchema) error { return nil }

type (
	setKey    struct{}
	eventsKey struct{} // marks a subscription
)

// InterceptOperation gives a query or a mutation a set, which lasts until the
// last part of the answer. A subscription gets one for each event.
func (e Extension) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	if operation.Operation.Operation == ast.Subscription {
		return next(context.WithValue(ctx, eventsKey{}, true))
	}
	set := e.newSet(ctx, e.survey(operation))
	ctx = context.WithValue(ctx, setKey{}, set)
	responses := next(ctx)
	over := false
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		if over || response != nil && response.HasNext != nil && *response.HasNext {
			return response
		}
		over = true
		set.close(ctx)
		if e.reports(operation) {
			set.report(response)
		}
		return response
	}
}

// InterceptResponse gives each event of a subscription a set.
func (e Extension) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if ctx.Value(eventsKey{}) == nil {
		return next(ctx) // it has its set, or was refused and runs nothing
	}
	operation := graphql.GetOperationContext(ctx)
	set := e.newSet(ctx, e.survey(operation))
	response := next(context.WithValue(ctx, setKey{}, set))
	set.close(ctx)
	if e.reports(operation) {
		set.report(response)
	}
	return response
}

// From returns the set of the operation that ctx belongs to.
func From(ctx context.Context) *Set {
	set, ok := ctx.Value(setKey{}).(*Set)
	if !ok {
		panic("no loaders in this context") // the extension is missing, or this is a subscription's root field
	}
	return set
}

// newSet returns a set for the operation that ctx belongs to, and for whoever asks:
// keys are of what is within reach, so that no two callers can share one.
func (e Extension) newSet(ctx context.Context, plan plan) *Set {
	tally, operation, reach := &weather.Tally{}, trace.SpanFromContext(ctx), auth.From(ctx).Reach
	return &Set{
		plan:    plan,
		tally:   tally,
		service: e.Sources.Weather,
		Weather: newLoader(operation, weatherKind, plan.weather, func(ctx context.Context, places []weather.Place) ([]weather.Result, error) {
			return e.Sources.Weather.Reports(weather.Count(ctx, tally), places, plan.need), nil
		}),
		Pipelines: newLoader(operation, pipelinesKind, nil, func(ctx context.Context, names []string) ([]*pipeline.Pipeline, error) {
			found, err := e.Sources.Pipelines.Find(ctx, reach, names)
			return inOrder(names, found, func(p *pipeline.Pipeline) string { return p.Name }), err
		}),
		Records: newLoader(operation, recordsKind, plan.records, func(ctx context.Context, keys []records.Key) ([]*records.Record, error) {
			found, err := e.Sources.Records.Find(ctx, reach, keys)
			return inOrder(keys, found, func(r *records.Record) records.Key { return r.Key }), err
		}),
		History: newLoader(operation, historyKind, nil, func(ctx context.Context, keys []records.Key) ([][]records.Attempt, error) {
			found, err := e.Sources.Records.History(ctx, reach, keys)
			all := make([][]records.Attempt, len(keys))
			for i, k := range keys {
				if all[i] = found[k]; all[i] == nil {
					all[i] = []records.Attempt{} // none failed, which is not that nobody knows
				}
			}
			return all, err
		}),
		Keys: newLoader(operation, keysKind, nil, func(ctx context.Context, ids []string) ([]*apikey.Key, error) {
			found, err := e.Sources.Keys.Find(ctx, reach, ids)
			return inOrder(ids, found, func(k *apikey.Key) string { return k.ID }), err
		}),
	}
}

// RefreshWeather fetches the reports of places anew, as much of them as the
// operation asks for. They are not kept for those who load some later.
func (s *Set) RefreshWeather(ctx context.Context, places []weather.Place) []weather.Result {
	different := make(map[weather.Place]struct{}, len(places))
	for _, p := range places {
		different[p] = struct{}{}
	}
	defer s.Weather.work.begin(len(different))()
	return s.service.Refresh(weather.Count(ctx, s.tally), places, s.plan.need)
}

// close says that the operation is over.
func (s *Set) close(ctx context.Context) {
	s.Weather.close(ctx)
	s.Pipelines.close(ctx)
	s.Records.close(ctx)
	s.History.close(ctx)
	s.Keys.close(ctx)
}

// inOrder returns what was found for each key, nil for what was not.
func inOrder[K comparable, V any](keys []K, found []*V, key func(*V) K) []*V {
	byKey := make(map[K]*V, len(found))
	for _, v := range found {
		byKey[key(v)] = v
	}
	ordered := make([]*V, len(keys))
	for i, k := range keys {
		ordered[i] = byKey[k]
	}
	return ordered
}
