package expression

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// An object is a JSON object, looked into when that is needed.
type object struct {
	meter *meter
	raw   json.RawMessage // as it was given; nil for one that was made

	read  bool
	names []string // in order
	all   []element
	at    map[string]int // where in both a name is
}

// fewNames are found faster one after the other.
const fewNames = 8

var _ traits.Mapper = (*object)(nil)

// open reads the members unless that has been done.
func (o *object) open() {
	if !o.read && o.raw != nil {
		o.names, o.all = members(o.meter, o.raw)
	}
	o.read = true
}

// set adds or replaces a member of an object that is being made.
func (o *object) set(name string, e element) {
	if i := o.index(name); i >= 0 {
		o.all[i] = e
		return
	}
	if o.at != nil {
		o.at[name] = len(o.names)
	}
	o.names, o.all = append(o.names, name), append(o.all, e)
}

// sort puts the members in the order of their names: CEL's maps have none.
func (o *object) sort() {
	order := make([]int, len(o.names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(o.names[i], o.names[j]) })
	names, all := make([]string, len(order)), make([]element, len(order))
	for i, from := range order {
		names[i], all[i] = o.names[from], o.all[from]
	}
	o.names, o.all, o.at = names, all, nil
}

// index returns where a member is, and -1 for none.
func (o *object) index(name string) int {
	if len(o.names) <= fewNames {
		for i, other := range o.names {
			if other == name {
				return i
			}
		}
		return -1
	}
	if o.at == nil {
		o.at = make(map[string]int, len(o.names))
		for i, other := range o.names {
			o.at[other] = i
		}
	}
	if i, ok := o.at[name]; ok {
		return i
	}
	return -1
}

// Find returns a member.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	o.open()
	i := o.index(string(name))
	if i < 0 {
		return nil, false
	}
	return o.all[i].value(o.meter), true
}

// Get returns a member or an error.
func (o *object) Get(key ref.Val) ref.Val {
	if value, ok := o.Find(key); ok {
		return value
	}
	return types.NewErr("no such key: %v", key)
}

// Contains reports whether there is a member.
func (o *object) Contains(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	o.open()
	return types.Bool(ok && o.index(string(name)) >= 0)
}

// Size returns how many members there are.
func (o *object) Size() ref.Val {
	o.open()
	return types.Int(len(o.names))
}

// Iterator returns the names, one after the other.
func (o *object) Iterator() traits.Iterator {
	o.open()
	return &iterator{meter: o.meter, length: len(o.names), at: func(i int) ref.Val { return types.String(o.names[i]) }}
}

// Equal reports whether another value is an object with the same members.
func (o *object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*object)
	if !ok {
		return types.False
	}
	o.open()
	p.open()
	if len(o.names) != len(p.names) {
		return types.False
	}
	for i, name := range o.names {
		o.meter.work(1 + len(name)>>byteShare)
		j := p.index(name)
		if j < 0 || !same(o.all[i].value(o.meter), p.all[j].value(p.meter), o.meter) {
			return types.False
		}
	}
	return types.True
}

// same reports whether two values are equal, as ==. What cannot be compared ends
// the evaluation: it is neither.
func same(a, b ref.Val, m *meter) bool {
	for _, one := range []ref.Val{a, b} {
		if failed, is := one.(*types.Err); is {
			stop("%s", failed)
		}
	}
	if s, is := a.(types.String); is {
		m.work(len(s) >> byteShare)
	}
	return types.Equal(a, b) == types.True
}

// IsZeroValue reports whether there are no members.
func (o *object) IsZeroValue() bool { return o.Size() == types.IntZero }

// Type returns CEL's map.
func (o *object) Type() ref.Type { return types.MapType }

// Value returns o.
func (o *object) Value() any { return o }

// ConvertToType converts to nothing but a map.
func (o *object) ConvertToType(t ref.Type) ref.Val { return convert(o, t) }

// ConvertToNative is for others than this package.
func (o *object) ConvertToNative(t reflect.Type) (any, error) { return nil, notNative(o, t) }

func notNative(v ref.Val, t reflect.Type) error {
	return fmt.Errorf("a %s of an expression is not converted to %v", v.Type().TypeName(), t)
}

func convert(v ref.Val, t ref.Type) ref.Val {
	switch t {
	case v.Type():
		return v
	case types.TypeType:
		if known, ok := v.Type().(ref.Val); ok {
			return known
		}
	}
	return types.NewErr("%s cannot become %s", inWords(v.Type()), inWords(t))
}
