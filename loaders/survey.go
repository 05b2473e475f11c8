package loaders

import (
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
func survey(operation *graphql.OperationContext) plan {
	s := newSurveyor(operation)
	p := plan{weather: ways{}, records: ways{}, mutation: operation.Operation.Operation == ast.Mutation}
	for _, field := range graphql.CollectFields(operation, operation.Operation.SelectionSet, nil) {
		p.need = p.need.And(s.need(field.Selections))
		if field.IsDeferred() {
			continue
		}
		p.weather[field.Alias] = s.ways(field.Field, sets(field.Selections))
		if findsRecords(field.Name) {
			p.records[field.Alias] = 1
		}
	}
	return p
}

// findsRecords reports whether a root field loads records.
func findsRecords(field string) bool {
	return field == "record" || field == "node" || field == "nodes" || field == "_entities"
}

type surveyor struct {
	operation *graphql.OperationContext
	needs     map[string]weather.Need // by fragment
	reached   map[selectionsKey]reach
	budget    int // of selections yet to merge
}

// mergeLimit bounds what a document with ever-new combinations of selections
// costs: far beyond it, a batch may leave too late or too early.
const mergeLimit = 100_000

func newSurveyor(operation *graphql.OperationContext) *surveyor {
	return &surveyor{operation, map[string]weather.Need{}, map[selectionsKey]reach{}, mergeLimit}
}

// need returns what is asked of reports anywhere below.
func (s *surveyor) need(set ast.SelectionSet) (need weather.Need) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			need = need.And(s.need(selection.SelectionSet))
			if selection.ObjectDefinition == nil || selection.ObjectDefinition.Name != "Weather" {
				continue
			}
			switch selection.Name {
			case "hourly":
				need.Hours = max(need.Hours, s.number(selection, "hours", weather.MaxHours))
			case "daily":
				need.Days = max(need.Days, s.number(selection, "days", weather.MaxDays))
			}
		case *ast.InlineFragment:
			need = need.And(s.need(selection.SelectionSet))
		case *ast.FragmentSpread:
			below, known := s.needs[selection.Name]
			if !known && selection.Definition != nil {
				below = s.need(selection.Definition.SelectionSet)
				s.needs[selection.Name] = below
			}
			need = need.And(below)
		}
	}
	return need
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
