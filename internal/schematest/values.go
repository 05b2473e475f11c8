package schematest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Values are what an argument or input field takes. It takes them one by one,
// and the first whenever another is looked at.
type Values struct {
	// At names what takes them, from the narrowest: a coordinate, as in
	// "Query.city(name:)" or "RecordFilter.city"; the name of an argument or
	// input field wherever it stands, as in "first"; a type, as in "DateTime".
	// The coordinate of a field, as in "Query.records", stands for all its
	// arguments: its values are Args, each asked besides the others.
	At string
	// Give are the values: what encoding/json marshals, or a Fresh one.
	Give []any
	// Why says what they are there for.
	Why string
}

// Args are the arguments of a field, given together.
type Args map[string]any

// Fresh makes a value anew for each operation.
type Fresh func() any

// A table finds the values of arguments and input fields.
type table struct {
	schema *ast.Schema
	values map[string][]any
	used   map[string]bool
}

func newTable(schema *ast.Schema, values []Values) *table {
	t := &table{schema, make(map[string][]any), make(map[string]bool)}
	for _, v := range values {
		t.values[v.At] = append(t.values[v.At], v.Give...)
	}
	return t
}

// spare returns what values are listed for that nothing takes.
func (t *table) spare() []string {
	var spare []string
	for _, at := range slices.Sorted(maps.Keys(t.values)) {
		if !t.used[at] {
			spare = append(spare, at)
		}
	}
	return spare
}

// A slot is an argument or an input field: where a value is given.
type slot struct {
	at, name string
	of       *ast.Type
	optional bool
}

// slots returns the arguments of a target.
func (t target) slots() []slot {
	slots := make([]slot, len(t.field.Arguments))
	for i, a := range t.field.Arguments {
		slots[i] = slot{argument(t.of, t.field, a.Name), a.Name, a.Type, optional(a.Type, a.DefaultValue)}
	}
	return slots
}

func inputSlots(t *ast.Definition) []slot {
	slots := make([]slot, len(t.Fields))
	for i, f := range t.Fields {
		slots[i] = slot{coordinate(t.Name, f.Name), f.Name, f.Type, optional(f.Type, f.DefaultValue)}
	}
	return slots
}

// calls returns the arguments to ask a target with, each time another: with the
// required ones alone first.
func (t *table) calls(of target) ([]Args, error) {
	variants, err := t.variants(of.slots())
	if err != nil {
		return nil, err
	}
	calls := make([]Args, len(variants))
	for i, v := range variants {
		calls[i] = v
	}
	for _, together := range t.take(of.name()) {
		args, ok := together.(Args)
		if !ok {
			return nil, fmt.Errorf("the values of %s must be Args", of.name())
		}
		calls = append(calls, args)
	}
	return calls, nil
}

// variants returns ways to fill slots: the required ones alone, and that with
// one slot changed, for each value of each.
func (t *table) variants(slots []slot) ([]map[string]any, error) {
	base := make(map[string]any)
	values := make([][]any, len(slots))
	for i, s := range slots {
		var err error
		if values[i], err = t.valuesOf(s); err != nil {
			return nil, err
		}
		if !s.optional {
			base[s.name] = values[i][0]
			values[i] = values[i][1:]
		} else if !s.of.NonNull {
			values[i] = append(slices.Clip(values[i]), nil)
		}
	}
	variants := []map[string]any{base}
	for i, s := range slots {
		for _, v := range values[i] {
			variant := maps.Clone(base)
			variant[s.name] = v
			variants = append(variants, variant)
		}
	}
	return variants, nil
}

// base returns the required slots alone, filled.
func (t *table) base(slots []slot) (map[string]any, error) {
	variants, err := t.variants(slots)
	if err != nil {
		return nil, err
	}
	return variants[0], nil
}

// valuesOf returns the values of a slot: at least one.
func (t *table) valuesOf(s slot) ([]any, error) {
	for _, at := range []string{s.at, s.name} {
		if values := t.take(at); len(values) > 0 {
			return values, nil
		}
	}
	values, err := t.ofType(s.of)
	if err == nil && len(values) == 0 {
		err = fmt.Errorf("no value is listed for %s, nor for a %s", s.at, s.of.Name())
	}
	return values, err
}

// ofType returns what the schema alone, or the table, knows of a type's values.
func (t *table) ofType(of *ast.Type) ([]any, error) {
	if of.Elem != nil {
		items, err := t.ofType(of.Elem)
		if err != nil || len(items) == 0 {
			return nil, err
		}
		lists := []any{items} // all, then each
		for _, item := range items {
			lists = append(lists, []any{item})
		}
		return lists, nil
	}
	if values := t.take(of.NamedType); len(values) > 0 {
		return values, nil
	}
	var values []any
	switch named := t.schema.Types[of.NamedType]; {
	case named.Kind == ast.Enum:
		for _, v := range named.EnumValues {
			values = append(values, v.Name)
		}
	case named.Kind == ast.InputObject:
		variants, err := t.variants(inputSlots(named))
		if err != nil {
			return nil, err
		}
		for _, v := range variants {
			values = append(values, v)
		}
	case named.Name == "Boolean":
		values = []any{true, false}
	}
	return values, nil
}

func (t *table) take(at string) []any {
	values, ok := t.values[at]
	if ok {
		t.used[at] = true
	}
	return values
}

// made returns a value with every Fresh one in it made.
func made(value any) any {
	switch v := value.(type) {
	case Fresh:
		return made(v())
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = made(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, member := range v {
			object[name] = made(member)
		}
		return object
	}
	return value
}
