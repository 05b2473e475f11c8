package schematest

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strconv"
	"time"
)

// A Format says what is wrong with a JSON value as a value of a scalar.
type Format func(json.RawMessage) error

// builtin are the formats of the scalars that every schema has.
var builtin = map[string]Format{
	"Int":     isInt,
	"Float":   isFloat,
	"String":  isString,
	"ID":      isString,
	"Boolean": isBoolean,
}

func isInt(value json.RawMessage) error {
	i, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || i < math.MinInt32 || i > math.MaxInt32 {
		return errors.New("not an integer of 32 bits")
	}
	return nil
}

func isFloat(value json.RawMessage) error {
	var f float64
	if value[0] == '"' || json.Unmarshal(value, &f) != nil {
		return errors.New("not a number that a double can hold")
	}
	return nil
}

func isString(value json.RawMessage) error {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return errors.New("not a string")
	}
	return nil
}

func isBoolean(value json.RawMessage) error {
	var b bool
	if json.Unmarshal(value, &b) != nil {
		return errors.New("not true or false")
	}
	return nil
}

// dateTime is RFC 3339's form, which time.Parse is laxer about.
var dateTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// DateTime is the format of an instant by RFC 3339, with its offset.
func DateTime(value json.RawMessage) error {
	var text string
	if json.Unmarshal(value, &text) != nil || !dateTime.MatchString(text) {
		return errors.New("not of the form 2026-03-01T12:00:00+05:30")
	}
	_, err := time.Parse(time.RFC3339Nano, text)
	return err
}

// Date is the format of a calendar day, as in 2026-03-01.
func Date(value json.RawMessage) error {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return errors.New("not a string")
	}
	_, err := time.Parse(time.DateOnly, text)
	return err
}

// AnyJSON is the format of a scalar that may be any JSON value.
func AnyJSON(value json.RawMessage) error {
	if !json.Valid(value) {
		return errors.New("not JSON")
	}
	return nil
}
