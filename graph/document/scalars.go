package document

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// scalar checks the value of a scalar, and returns what is to take its place.
func (v *values) scalar(value any, of *ast.Definition) any {
	ok := true
	switch of.Name {
	case "Int":
		var number json.Number
		if number, ok = value.(json.Number); ok {
			value = v.integer(number)
		}
	case "Float":
		var number json.Number
		if number, ok = value.(json.Number); ok {
			v.float(number)
		}
	case "ID":
		if number, isNumber := value.(json.Number); isNumber {
			v.id(number)
		} else {
			_, ok = value.(string)
		}
	case "String":
		_, ok = value.(string)
	case "Boolean":
		_, ok = value.(bool)
	}
	if !ok {
		v.wrong("%s is expected, found %s", expected(of), kindOf(value))
	}
	return value
}

// integer returns an Int in the only form in which others read it.
func (v *values) integer(number json.Number) any {
	digits, ok := whole(string(number))
	if !ok {
		v.wrong("an Int is expected, found %s", shorten(string(number), quoteLength))
		return number
	}
	if _, err := strconv.ParseInt(digits, 10, 32); err != nil {
		v.wrong("an Int cannot be %s: it has 32 bits", shorten(string(number), quoteLength))
		return number
	}
	return json.Number(digits)
}

func (v *values) float(number json.Number) {
	if _, err := strconv.ParseFloat(string(number), 64); err != nil {
		v.wrong("a Float cannot be %s: it has 64 bits", shorten(string(number), quoteLength))
	}
}

// id takes an integer of any size by its digits. 4.0 is none: whether it has the
// same ID as 4 would be anybody's guess.
func (v *values) id(number json.Number) {
	if strings.ContainsAny(string(number), ".eE") {
		v.wrong("an ID is a string or an integer, found %s", shorten(string(number), quoteLength))
	}
}

// manyZeros are more than any integer that is read has at its end.
const manyZeros = 20

// whole returns the digits of a JSON number that is an integer, however it is
// written: those of 1.50e2 are 150. It has manyZeros at most where there were
// more.
func whole(number string) (digits string, ok bool) {
	mantissa, power, _ := strings.Cut(strings.ToLower(number), "e")
	exponent, _ := strconv.ParseInt(power, 10, 32) // where it is out of range, the nearest that is in it
	unsigned := strings.TrimPrefix(mantissa, "-")
	sign := mantissa[:len(mantissa)-len(unsigned)]
	before, after, _ := strings.Cut(unsigned, ".")
	all := strings.TrimLeft(before+after, "0")
	digits = strings.TrimRight(all, "0")
	if digits == "" {
		return "0", true
	}
	zeros := int(exponent) - len(after) + len(all) - len(digits)
	if zeros < 0 {
		return "", false
	}
	return sign + digits + strings.Repeat("0", min(zeros, manyZeros)), true
}
