package expression

import (
	"encoding/json"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// A list is a JSON array, looked into when that is needed.
type list struct {
	meter *meter
	raw   json.RawMessage // as it was given; nil for one that was made

	read bool
	all  []element
}

var _ traits.Lister = (*list)(nil)

// open reads the items unless that has been done.
func (l *list) open() {
	if !l.read && l.raw != nil {
		l.all = items(l.meter, l.raw)
	}
	l.read = true
}

// copied returns a list of the items that a list of CEL's has.
func copied(m *meter, of traits.Lister) *list {
	if own, is := of.(*list); is {
		own.open()
		return own
	}
	size, _ := of.Size().(types.Int)
	m.work(int(size))
	all := make([]element, size)
	for i := range all {
		all[i].made = of.Get(types.Int(i))
	}
	return &list{meter: m, read: true, all: all}
}

// Get returns an item or an error.
func (l *list) Get(index ref.Val) ref.Val {
	l.open()
	i, err := types.IndexOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(l.all) {
		return types.NewErr("index out of bounds: %d", i)
	}
	return l.all[i].value(l.meter)
}

// Contains reports whether an item equals a value.
func (l *list) Contains(value ref.Val) ref.Val {
	l.open()
	for i := range l.all {
		l.meter.work(1)
		if same(value, l.all[i].value(l.meter), l.meter) {
			return types.True
		}
	}
	return types.False
}

// Size returns how many items there are.
func (l *list) Size() ref.Val {
	l.open()
	return types.Int(len(l.all))
}

// Iterator returns the items, one after the other.
func (l *list) Iterator() traits.Iterator {
	l.open()
	return &iterator{meter: l.meter, length: len(l.all), at: func(i int) ref.Val { return l.all[i].value(l.meter) }}
}

// Add returns the items of both lists.
func (l *list) Add(other ref.Val) ref.Val {
	more, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	l.open()
	l.meter.work(len(l.all))
	right := copied(l.meter, more)
	l.meter.work(len(right.all))
	all := append(append(make([]element, 0, len(l.all)+len(right.all)), l.all...), right.all...)
	return &list{meter: l.meter, read: true, all: all}
}

// Equal reports whether another value is a list of the same items.
func (l *list) Equal(other ref.Val) ref.Val {
	p, ok := other.(traits.Lister)
	if !ok || l.Size() != p.Size() {
		return types.False
	}
	for i := range l.all {
		l.meter.work(1)
		if !same(l.all[i].value(l.meter), p.Get(types.Int(i)), l.meter) {
			return types.False
		}
	}
	return types.True
}

// IsZeroValue reports whether there are no items.
func (l *list) IsZeroValue() bool { return l.Size() == types.IntZero }

// Type returns CEL's list.
func (l *list) Type() ref.Type { return types.ListType }

// Value returns l.
func (l *list) Value() any { return l }

// ConvertToType converts to nothing but a list.
func (l *list) ConvertToType(t ref.Type) ref.Val { return convert(l, t) }

// ConvertToNative is for others than this package.
func (l *list) ConvertToNative(t reflect.Type) (any, error) { return nil, notNative(l, t) }

// An iterator walks through an object or a list, each step of which is work.
type iterator struct {
	ref.Val // nil: nobody takes an iterator for a value
	meter   *meter
	next    int
	length  int
	at      func(int) ref.Val
}

// HasNext reports whether there is more.
func (i *iterator) HasNext() ref.Val { return types.Bool(i.next < i.length) }

// Next returns what comes next.
func (i *iterator) Next() ref.Val {
	i.meter.work(1)
	i.next++
	return i.at(i.next - 1)
}
