package cost

import (
	"reflect"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// mostItems is how long the longest lists of the schema are. One who asks for
// more is told so by the field, and this is no reason to call it too dear.
const mostItems = 1000

// size returns how many items a list has at most: at least one, so that no
// argument makes anything cheaper than it is.
func (w *walk) size(f *ast.Field, known *field) int {
	size := known.assumed
	if known.length != "" {
		if n, given := w.length(f, known.length); given {
			size = n
		}
	}
	given, largest := 0, 0
	for _, name := range known.slicing {
		n, ok := w.integer(f.Arguments.ForName(name))
		if ok {
			given++
		} else if n, ok = w.integer(&ast.Argument{Value: known.presets[name]}); !ok {
			continue
		}
		largest = max(largest, n)
		size = largest
	}
	if known.requireOne && given != 1 {
		w.refuse(f)
	}
	return min(max(size, 1), mostItems)
}

// integer returns the value of an argument, and whether it has one.
func (w *walk) integer(a *ast.Argument) (int, bool) {
	if a == nil || a.Value == nil || a.Value.Kind == ast.NullValue {
		return 0, false
	}
	value, err := a.Value.Value(w.variables)
	if err != nil || value == nil {
		return 0, false
	}
	n, err := graphql.UnmarshalInt64(value)
	return int(min(max(n, 0), mostItems)), err == nil
}

// length returns how long the list in an argument, or in a field of one that is
// an input, is, and whether there is one.
func (w *walk) length(f *ast.Field, path string) (int, bool) {
	argument, member, _ := strings.Cut(path, ".")
	a := f.Arguments.ForName(argument)
	if a == nil {
		return 0, false
	}
	list := a.Value
	if list.Kind == ast.ObjectValue {
		if list, member = list.Children.ForName(member), ""; list == nil {
			return 0, false
		}
	}
	switch list.Kind {
	case ast.NullValue:
		return 0, false
	case ast.ListValue:
		return len(list.Children), true
	case ast.Variable:
		value, given := w.variables[list.Raw]
		if member != "" {
			input, _ := value.(map[string]any)
			value, given = input[member]
		}
		if list := reflect.ValueOf(value); given && list.Kind() == reflect.Slice {
			return list.Len(), true
		}
		return 1, given
	}
	return 1, true // one value stands for a list of it
}
