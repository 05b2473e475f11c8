package loaders

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/trace"

	"barograph/weather"
)

// A plan is what can be known of an operation before it runs.
type plan struct {
	need     weather.Need // of every report: what any of its fields asks for
	weather  ways
	records  ways
	mutation bool // its root fields run one after the other
}

// Ways are how many fields below each root field, by its response key, are going
// to announce what is loaded.
type ways map[string]int

// of returns the ways below one root field alone.
func (w ways) of(field string) ways { return ways{field: w[field]} }

// survey walks an operation once, each of its fragments once however often it
// is spread.
func survey(operation *graphql.OperationContext) plan {
	s := surveyor{operation: operation, fragments: map[string]reach{}}
	p := plan{weather: ways{}, records: ways{}, mutation: operation.Operation.Operation == ast.Mutation}
	var all reach
	for _, field := range graphql.CollectFields(operation, operation.Operation.SelectionSet, nil) {
		below := s.field(field.Field)
		all = all.and(below)
		p.weather[field.Alias] = below.ways
		if field.Name == "record" || field.Name == "node" || field.Name == "nodes" {
			p.records[field.Alias] = 1
		}
	}
	p.need = all.need
	// The air has a freshness of its own, and says nothing of the report's.
	if all.dated && p.need == (weather.Need{AirQuality: p.need.AirQuality}) {
		p.need.Current = true
	}
	return p
}

// Need returns what the operation that ctx belongs to asks of every report.
func Need(ctx context.Context) weather.Need {
	return survey(graphql.GetOperationContext(ctx)).need
}

// A reach is what can be reached from a part of an operation.
type reach struct {
	ways   int  // by which reports are reached
	inside bool // it is itself a part of a report
	dated  bool // it tells how fresh a report is
	need   weather.Need
}

func (r reach) and(other reach) reach {
	return reach{min(r.ways+other.ways, mostWays), r.inside || other.inside, r.dated || other.dated, r.need.And(other.need)}
}

// mostWays keeps the sum within bounds where fragments multiply it.
const mostWays = 1 << 20

type surveyor struct {
	operation *graphql.OperationContext
	fragments map[string]reach
}

func (s *surveyor) field(f *ast.Field) reach {
	below := s.selections(f.SelectionSet)
	if f.Definition == nil || f.ObjectDefinition == nil {
		return below
	}
	switch {
	case f.Definition.Type.Name() == "Weather" && (f.ObjectDefinition.Name == "RefreshWeatherResult" || f.ObjectDefinition.Name == "Subscription"):
		below.ways = 0 // it is not loaded but brought along, and nobody announces what is below
	case f.Definition.Type.Name() == "Weather":
		below.ways = 1
	case below.inside: // a node that may be a report
		below.ways++
	case f.Definition.Type.Elem != nil || strings.HasSuffix(f.Definition.Type.Name(), "Connection"):
		below.ways = min(below.ways, 1) // a list speaks for all of its items
	}
	below.inside = f.ObjectDefinition.Name == "Weather"
	if f.ObjectDefinition.Name == "Weather" {
		switch f.Name {
		case "current":
			below.need.Current = true
		case "airQuality":
			below.need.AirQuality = true
		case "freshness":
			below.dated = true
		case "hourly":
			below.need.Hours = max(below.need.Hours, s.number(f, "hours", weather.MaxHours))
		case "daily":
			below.need.Days = max(below.need.Days, s.number(f, "days", weather.MaxDays))
		}
	}
	return below
}

func (s *surveyor) selections(set ast.SelectionSet) (r reach) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			if s.included(selection.Directives) {
				r = r.and(s.field(selection))
			}
		case *ast.InlineFragment:
			if s.included(selection.Directives) {
				r = r.and(s.selections(selection.SelectionSet))
			}
		case *ast.FragmentSpread:
			if !s.included(selection.Directives) {
				continue
			}
			below, known := s.fragments[selection.Name]
			if !known && selection.Definition != nil {
				below = s.selections(selection.Definition.SelectionSet)
				s.fragments[selection.Name] = below
			}
			r = r.and(below)
		}
	}
	return r
}

// included reports whether a selection is part of the operation that runs.
func (s *surveyor) included(directives ast.DirectiveList) bool {
	says := func(name string, otherwise bool) bool {
		directive := directives.ForName(name)
		if directive == nil {
			return otherwise
		}
		condition, ok := directive.ArgumentMap(s.operation.Variables)["if"].(bool)
		return !ok && otherwise || condition
	}
	return says("include", true) && !says("skip", false)
}

// number returns an argument, within what is allowed: what is not is refused
// where it stands, by the field.
func (s *surveyor) number(f *ast.Field, argument string, limit int) int {
	n, given := integer(f.Arguments.ForName(argument), s.operation.Variables)
	if definition := f.Definition.Arguments.ForName(argument); !given && definition != nil {
		n, _ = integer(&ast.Argument{Value: definition.DefaultValue}, nil)
	}
	return min(max(n, 0), limit)
}

func integer(argument *ast.Argument, variables map[string]any) (n int, given bool) {
	if argument == nil {
		return 0, false
	}
	value, err := argument.Value.Value(variables)
	if err != nil || value == nil {
		return 0, false
	}
	n, err = graphql.UnmarshalInt(value)
	return n, err == nil
}

type rootKey struct{}

// InterceptRootField tells the loaders when a root field is done, so that none
// waits for keys that will not come. A mutation's get loaders of their own, since
// each must see what those before it have done.
func (e Extension) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	set, ok := ctx.Value(setKey{}).(*Set)
	if !ok {
		return next(ctx) // a subscription's
	}
	field := graphql.GetRootFieldContext(ctx).Field.Alias
	if set.plan.mutation {
		alone := set.plan
		alone.weather, alone.records = alone.weather.of(field), alone.records.of(field)
		set = e.newSet(trace.SpanFromContext(ctx), alone)
		defer set.close(ctx)
		ctx = context.WithValue(ctx, setKey{}, set)
	}
	defer func() {
		set.Weather.finish(ctx, field)
		set.Records.finish(ctx, field)
	}()
	return next(context.WithValue(ctx, rootKey{}, field))
}

// rootField returns the response key of the root field that ctx belongs to.
func rootField(ctx context.Context) string {
	field, _ := ctx.Value(rootKey{}).(string)
	return field
}

// announces reports whether the field that ctx belongs to announces: it does
// unless it stands in a list, among others like it.
func announces(ctx context.Context) bool {
	for at := graphql.GetFieldContext(ctx); at != nil; at = at.Parent {
		if at.Index != nil {
			return false
		}
	}
	return true
}
