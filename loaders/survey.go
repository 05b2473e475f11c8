package loaders

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

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

// survey walks an operation, each of its fragments once however often it is
// spread. What is deferred is needed, but announces later.
func (e Extension) survey(operation *graphql.OperationContext) plan {
	s := newSurveyor(operation, e.Denied)
	p := plan{weather: ways{}, records: ways{}, mutation: operation.Operation.Operation == ast.Mutation}
	for _, field := range graphql.CollectFields(operation, operation.Operation.SelectionSet, nil) {
		if field.IsDeferred() {
			continue
		}
		p.weather[field.Alias] = s.ways(field.Field, sets(field.Selections))
		if s.findsRecords(field.Field) {
			p.records[field.Alias] = 1
		}
	}
	p.need = s.asks(operation.Operation.SelectionSet).need()
	return p
}

// Need returns what the operation that ctx belongs to asks of every report.
func Need(ctx context.Context) weather.Need {
	operation := graphql.GetOperationContext(ctx)
	return newSurveyor(operation, nil).asks(operation.Operation.SelectionSet).need()
}

// findsRecords reports whether a root field loads records.
func (s *surveyor) findsRecords(field *ast.Field) bool {
	switch field.Name {
	case "record", "node", "nodes", "_entities":
		return !s.denies(field)
	}
	return false
}

type surveyor struct {
	operation *graphql.OperationContext
	denied    func(*graphql.OperationContext, *ast.Field) bool
	asked     map[string]asks // by fragment
	reached   map[selectionsKey]extent
	budget    int // of selections yet to merge
}

// mergeLimit bounds what a document with ever-new combinations of selections
// costs: far beyond it, a batch may leave too late or too early.
const mergeLimit = 100_000

func newSurveyor(operation *graphql.OperationContext, denied func(*graphql.OperationContext, *ast.Field) bool) *surveyor {
	return &surveyor{operation, denied, map[string]asks{}, map[selectionsKey]extent{}, mergeLimit}
}

// denies reports whether a field is null to whoever asks, so that nothing below it
// is loaded, and nobody waits for it to announce any.
func (s *surveyor) denies(f *ast.Field) bool { return s.denied != nil && s.denied(s.operation, f) }

// Asks are what is asked of reports.
type asks struct {
	parts weather.Need
	dated bool // how fresh a report is, beside that of its air
}

func (a asks) and(other asks) asks { return asks{a.parts.And(other.parts), a.dated || other.dated} }

// need returns what has to be fetched. The air has a freshness of its own, and
// says nothing of the report's.
func (a asks) need() weather.Need {
	if a.dated && a.parts == (weather.Need{AirQuality: a.parts.AirQuality}) {
		a.parts.Current = true
	}
	return a.parts
}

// asks returns what is asked of reports anywhere below.
func (s *surveyor) asks(set ast.SelectionSet) (all asks) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			if s.included(selection.Directives) {
				all = all.and(s.asks(selection.SelectionSet)).and(s.asksItself(selection))
			}
		case *ast.InlineFragment:
			if s.included(selection.Directives) {
				all = all.and(s.asks(selection.SelectionSet))
			}
		case *ast.FragmentSpread:
			if !s.included(selection.Directives) {
				continue
			}
			below, known := s.asked[selection.Name]
			if !known && selection.Definition != nil {
				below = s.asks(selection.Definition.SelectionSet)
				s.asked[selection.Name] = below
			}
			all = all.and(below)
		}
	}
	return all
}

// asksItself returns what a field asks of the report that it is one of.
func (s *surveyor) asksItself(f *ast.Field) (a asks) {
	if f.ObjectDefinition == nil || f.ObjectDefinition.Name != "Weather" {
		return asks{}
	}
	switch f.Name {
	case "current":
		a.parts.Current = true
	case "airQuality":
		a.parts.AirQuality = true
	case "freshness":
		a.dated = true
	case "hourly":
		a.parts.Hours = s.number(f, "hours", weather.MaxHours)
	case "daily":
		a.parts.Days = s.number(f, "days", weather.MaxDays)
	}
	return a
}

// included reports whether a selection is part of the operation that runs.
func (s *surveyor) included(directives ast.DirectiveList) bool {
	return !s.holds(directives.ForName("skip")) && (directives.ForName("include") == nil || s.holds(directives.ForName("include")))
}

// holds reports whether a directive is there and its condition, if it has one,
// does not come to false.
func (s *surveyor) holds(d *ast.Directive) bool {
	if d == nil {
		return false
	}
	if condition := d.Arguments.ForName("if"); condition != nil {
		value, err := condition.Value.Value(s.operation.Variables)
		return err != nil || value != false
	}
	return true
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
