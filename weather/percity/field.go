package percity

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"

	"barograph/weather"
)

// A Field says where a value is, by a JSON pointer (RFC 6901) such as
// /main/temp or /list/0/id, and what it is in. In a mapping, a pointer alone
// stands for a field in our own unit.
type Field struct {
	At    string         `yaml:"at"`
	Unit  string         `yaml:"unit"`
	Codes map[string]int `yaml:"codes"` // of a weather code: theirs to WMO 4677's
}

// UnmarshalYAML reads a field in its long form or as a pointer alone.
func (f *Field) UnmarshalYAML(text []byte) error {
	var pointer string
	if yaml.Unmarshal(text, &pointer) == nil {
		f.At = pointer
		return nil
	}
	type long Field
	return yaml.UnmarshalWithOptions(text, (*long)(f), yaml.DisallowUnknownField())
}

func (f *Field) check(units units) error {
	if f.At == "" && f.Unit == "" && f.Codes == nil {
		return nil
	}
	if f.At == "" || !jsontext.Pointer(f.At).IsValid() {
		return fmt.Errorf("%q is no JSON pointer: want one like /main/temp", f.At)
	}
	if _, known := units.find(f.Unit); !known {
		return fmt.Errorf("no unit is called %q: want one of %s", f.Unit, units.names())
	}
	for theirs, ours := range f.Codes {
		if ours < 0 || ours > 99 {
			return fmt.Errorf("%s is mapped to %d, which is no WMO code", theirs, ours)
		}
	}
	return nil
}

// find returns what the field points at, and nil where it is not there.
func (f *Field) find(root any) any {
	if f.At == "" {
		return nil
	}
	for token := range jsontext.Pointer(f.At).Tokens() {
		switch value := root.(type) {
		case map[string]any:
			root = value[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(value) {
				return nil
			}
			root = value[i]
		default:
			return nil
		}
	}
	return root
}

// largest is more than any value in a report, in whatever unit.
const largest = 1e6

// number returns the value in our unit, missing where it is not there.
func (f *Field) number(root any, units units) (weather.Measure, error) {
	value, err := float(f.find(root))
	if err != nil || math.IsNaN(value) {
		return weather.Missing, err
	}
	if math.Abs(value) > largest {
		return weather.Missing, errors.New("no weather has so much of anything")
	}
	unit, _ := units.find(f.Unit)
	return weather.Measure(value*unit.scale + unit.offset), nil
}

// float returns the number that a value is, or that is its text, and NaN for
// none.
func float(value any) (float64, error) {
	text := ""
	switch v := value.(type) {
	case nil:
		return math.NaN(), nil
	case json.Number:
		text = v.String()
	case string:
		if text = strings.TrimSpace(v); text == "" {
			return math.NaN(), nil
		}
	default:
		return 0, fmt.Errorf("want a number, not %T", value)
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		return 0, errors.New("want a number")
	}
	return number, nil
}

// code returns the WMO code, and NoCode where it is not there or not known.
func (f *Field) code(root any) (weather.Code, error) {
	value := f.find(root)
	if text, ok := value.(string); ok && f.Codes != nil {
		return mappedCode(f.Codes, text), nil
	}
	number, err := float(value)
	switch {
	case err != nil:
		return weather.NoCode, err
	case math.IsNaN(number):
		return weather.NoCode, nil
	case f.Codes != nil:
		return mappedCode(f.Codes, strconv.FormatFloat(number, 'f', -1, 64)), nil
	case number != math.Trunc(number) || number < 0 || number > 99:
		return weather.NoCode, errors.New("want a WMO code")
	}
	return weather.Code(number), nil
}

func mappedCode(codes map[string]int, theirs string) weather.Code {
	if ours, known := codes[theirs]; known {
		return weather.Code(ours) //nolint:gosec // from 0 to 99, as checked
	}
	return weather.NoCode
}

func (f *Field) daylight(root any) (weather.Daylight, error) {
	value := f.find(root)
	day, ok := value.(bool)
	if !ok {
		number, err := float(value)
		if err != nil || math.IsNaN(number) {
			return weather.DaylightUnknown, err
		}
		day = number != 0
	}
	if day {
		return weather.Daytime, nil
	}
	return weather.Night, nil
}

// moment returns a time, and the zero time where it is not there.
func (f *Field) moment(root any) (time.Time, error) {
	value := f.find(root)
	if text, ok := value.(string); ok && (f.Unit == "" || f.Unit == "rfc3339") {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil || moment.Unix() <= 0 {
			return time.Time{}, errors.New("want a time of RFC 3339")
		}
		return moment, nil
	}
	number, err := float(value)
	if err != nil || math.IsNaN(number) {
		return time.Time{}, err
	}
	unit, _ := moments.find(f.Unit)
	if unit.scale == 0 {
		return time.Time{}, errors.New("want a time of RFC 3339")
	}
	if seconds := number * unit.scale; seconds > 0 && seconds < lastSecond {
		return time.Unix(int64(seconds), 0), nil
	}
	return time.Time{}, errors.New("want a time of these days")
}

// lastSecond is well before the end of the year 9999, the last one that a time
// can be written in.
const lastSecond = 253402000000
