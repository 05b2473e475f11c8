package loaders

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// An extent is what can be reached from selections.
type extent struct {
	ways   int  // by which reports are reached
	inside bool // they are parts of what may be a report
}

// mostWays keeps the sum within bounds where fragments multiply it.
const mostWays = 1 << 20

// brings are the types whose reports are brought along, and not loaded: nobody
// announces what is below.
var brings = map[string]bool{"RefreshWeatherResult": true, "Subscription": true}

// ways returns by how many ways reports are reached from a field with the
// selections, all of which are of that one field.
func (s *surveyor) ways(f *ast.Field, sets []ast.SelectionSet) int {
	if f.Definition == nil || s.denies(f) {
		return 0
	}
	if f.Definition.Type.Name() == "Weather" {
		if f.ObjectDefinition != nil && brings[f.ObjectDefinition.Name] {
			return 0
		}
		return 1
	}
	below := s.reach(sets)
	switch {
	case below.inside: // a node that may be a report
		return below.ways + 1
	case f.Definition.Type.Elem != nil || strings.HasSuffix(f.Definition.Type.Name(), "Connection"):
		return min(below.ways, 1) // a list speaks for all of its items
	}
	return below.ways
}

// reach returns what can be reached from selections that stand side by side,
// where a field that several have is one.
func (s *surveyor) reach(sets []ast.SelectionSet) (r extent) {
	if len(sets) == 0 {
		return extent{}
	}
	// Fragments make one selection stand in many places.
	key := selectionsKey{&sets[0][0], len(sets[0])}
	if known, is := s.reached[key]; is && len(sets) == 1 {
		return known
	}
	m := merger{surveyor: s, fields: map[mergeKey]int{}, visited: map[string]bool{}}
	for _, set := range sets {
		m.merge(set)
	}
	for _, f := range m.merged {
		r.ways = min(r.ways+s.ways(f.field, f.sets), mostWays)
		r.inside = r.inside || f.field.ObjectDefinition != nil && f.field.ObjectDefinition.Name == "Weather"
	}
	if len(sets) == 1 {
		s.reached[key] = r
	}
	return r
}

// sets returns selections as some that stand side by side, unless there are none.
func sets(selections ast.SelectionSet) []ast.SelectionSet {
	if len(selections) == 0 {
		return nil
	}
	return []ast.SelectionSet{selections}
}

// A selectionsKey tells selections from others, by where in memory they are.
type selectionsKey struct {
	first *ast.Selection
	n     int
}

// A merger gathers the fields of selections as the execution does, but for any
// type, and without what is deferred.
type merger struct {
	*surveyor
	merged  []merged
	fields  map[mergeKey]int // places in merged
	visited map[string]bool  // fragments
}

type mergeKey struct{ alias, name string }

type merged struct {
	field *ast.Field
	sets  []ast.SelectionSet
}

func (m *merger) merge(set ast.SelectionSet) {
	for _, selection := range set {
		if m.budget--; m.budget < 0 {
			return
		}
		switch selection := selection.(type) {
		case *ast.Field:
			if !m.included(selection.Directives) {
				continue
			}
			key := mergeKey{selection.Alias, selection.Name}
			at, known := m.fields[key]
			if !known {
				at, m.fields[key] = len(m.merged), len(m.merged)
				m.merged = append(m.merged, merged{field: selection})
			}
			if len(selection.SelectionSet) > 0 {
				m.merged[at].sets = append(m.merged[at].sets, selection.SelectionSet)
			}
		case *ast.InlineFragment:
			if m.follows(selection.Directives) {
				m.merge(selection.SelectionSet)
			}
		case *ast.FragmentSpread:
			if selection.Definition != nil && !m.visited[selection.Name] && m.follows(selection.Directives) {
				m.visited[selection.Name] = true
				m.merge(selection.Definition.SelectionSet)
			}
		}
	}
}

// follows reports whether a fragment is part of what is executed at once.
func (s *surveyor) follows(directives ast.DirectiveList) bool {
	return s.included(directives) && !s.holds(directives.ForName("defer"))
}
