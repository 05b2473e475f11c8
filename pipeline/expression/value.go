package expression

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"barograph/internal/strictjson"
)

// ResultLimit is how many bytes of JSON an expression may result in.
const ResultLimit = 1 << 20

// A Value is what an expression results in. It is good until its scope serves
// another evaluation.
type Value struct {
	value ref.Val
	scope *Scope
}

// is reports whether v is of a type, or null, which is of any but Bool.
func (v Value) is(t Type) bool {
	switch v.value.(type) {
	case types.Null:
		return t != Bool && t != Object
	case types.Bool:
		return t == Any || t == Bool
	case types.String:
		return t == Any || t == String
	case types.Int, types.Uint, types.Double:
		return t == Any || t == Number
	case traits.Mapper:
		return t == Any || t == Object
	}
	return t == Any
}

// Null reports whether there is no value.
func (v Value) Null() bool { return v.value == types.NullValue }

// Bool returns whether the value is true.
func (v Value) Bool() bool { return v.value == types.True }

// Text returns the value of a string, and "" for anything else.
func (v Value) Text() string {
	text, _ := v.value.(types.String)
	return string(text)
}

// JSON returns the value as JSON, of at most ResultLimit bytes.
func (v Value) JSON() (text json.RawMessage, err error) {
	defer func() {
		if stopped := recover(); stopped != nil {
			cause, ok := stopped.(error)
			if !ok {
				panic(stopped)
			}
			text, err = nil, cause
		}
	}()
	w := writer{meter: &v.scope.meter}
	if err := w.write(v.value, 0); err != nil {
		return nil, err
	}
	if depth(w.text) > strictjson.DepthLimit {
		return nil, errTooDeep
	}
	return w.text, nil
}

var errTooDeep = fmt.Errorf("the result is nested more than %d deep", strictjson.DepthLimit)

// A writer writes values as JSON, and no more of it than allowed.
type writer struct {
	meter *meter
	text  json.RawMessage
}

func (w *writer) write(value ref.Val, depth int) error {
	if depth > strictjson.DepthLimit {
		return errTooDeep
	}
	switch value := value.(type) {
	case *object:
		return w.object(value, depth)
	case traits.Lister:
		return w.list(copied(w.meter, value), depth)
	case traits.Mapper:
		own, is := w.meter.objectOf(value).(*object)
		if !is {
			return errors.New("the names of an object's members are strings")
		}
		return w.object(own, depth)
	}
	return w.scalar(value, depth)
}

func (w *writer) scalar(value ref.Val, depth int) error {
	switch value := value.(type) {
	case types.Null:
		return w.put("null")
	case types.Bool:
		return w.put(strconv.FormatBool(bool(value)))
	case types.Int:
		return w.put(strconv.FormatInt(int64(value), 10))
	case types.Uint:
		return w.put(strconv.FormatUint(uint64(value), 10))
	case types.Double:
		if math.IsNaN(float64(value)) || math.IsInf(float64(value), 0) {
			return errors.New("the result has a number that is not finite")
		}
		return w.put(string(appendDouble(nil, float64(value))))
	case types.String:
		return w.quote(string(value))
	case types.Timestamp:
		return w.quote(value.UTC().Format(time.RFC3339Nano))
	case types.Duration:
		return w.quote(strconv.FormatFloat(value.Seconds(), 'f', -1, 64) + "s")
	case types.Bytes:
		return w.quote(base64.StdEncoding.EncodeToString(value))
	case *types.Optional:
		if value.HasValue() {
			return w.write(value.GetValue(), depth)
		}
		return w.put("null")
	case *types.Err:
		return errors.New(firstLine(value.Error()))
	}
	return fmt.Errorf("the result has %s in it, which is not for JSON", inWords(value.Type()))
}

func (w *writer) object(o *object, depth int) error {
	if o.raw != nil {
		return w.put(string(o.raw))
	}
	if err := w.put("{"); err != nil {
		return err
	}
	for i, name := range o.names {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		if err := w.quote(name); err != nil {
			return err
		}
		w.text = append(w.text, ':')
		if err := w.element(&o.all[i], depth); err != nil {
			return err
		}
	}
	return w.put("}")
}

func (w *writer) list(l *list, depth int) error {
	if l.raw != nil {
		return w.put(string(l.raw))
	}
	if err := w.put("["); err != nil {
		return err
	}
	for i := range l.all {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		if err := w.element(&l.all[i], depth); err != nil {
			return err
		}
	}
	return w.put("]")
}

// element writes a value as it was given, where it was.
func (w *writer) element(e *element, depth int) error {
	if e.raw != nil {
		return w.put(string(e.raw))
	}
	return w.write(e.made, depth+1)
}

func (w *writer) quote(text string) error {
	if len(w.text)+len(text) > ResultLimit {
		return w.put(text)
	}
	quoted, err := strictjson.Marshal(text)
	if err != nil {
		return err
	}
	return w.put(string(quoted))
}

func (w *writer) put(text string) error {
	if len(w.text)+len(text) > ResultLimit {
		return fmt.Errorf("the result is too large: more than %d bytes", ResultLimit)
	}
	w.text = append(w.text, text...)
	return nil
}
