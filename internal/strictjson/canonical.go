package strictjson

import (
	"bytes"
	"fmt"
	"math/big"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical returns the one form that all texts of the same JSON value share:
// names in the order and strings with the escapes of RFC 8785, and numbers as
// exact decimals. RFC 8785 writes numbers as doubles, for which
// 9007199254740993 and 9007199254740992 are the same.
func Canonical(text []byte) ([]byte, error) {
	value := jsontext.Value(bytes.Clone(text))
	err := value.Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false))
	if err != nil {
		return nil, fmt.Errorf("canonicalize: %w", err)
	}
	canonical := make([]byte, 0, len(value))
	for i := 0; i < len(value); {
		end := i + 1
		switch c := value[i]; {
		case c == '"':
			end = i + stringLength(value[i:])
			canonical = append(canonical, value[i:end]...)
		case c == '-' || isDigit(c):
			for end < len(value) && isNumberByte(value[end]) {
				end++
			}
			canonical = appendDecimal(canonical, value[i:end])
		default:
			canonical = append(canonical, c)
		}
		i = end
	}
	return canonical, nil
}

// stringLength returns the length of the JSON string that text begins with.
func stringLength(text []byte) int {
	for i := 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isNumberByte(c byte) bool {
	return isDigit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}

// appendDecimal appends a JSON number as its significant digits and, unless it
// is zero, the power of ten they are multiplied by: 1500, 1.5e3 and 1500.0 are
// all 15e2. A number is never expanded, so a huge exponent costs nothing.
func appendDecimal(dst, number []byte) []byte {
	mantissa, exponent, _ := bytes.Cut(bytes.ToLower(number), []byte("e"))
	negative := mantissa[0] == '-'
	whole, fraction, _ := bytes.Cut(bytes.TrimPrefix(mantissa, []byte("-")), []byte("."))
	digits := bytes.TrimLeft(append(bytes.Clone(whole), fraction...), "0")
	significant := bytes.TrimRight(digits, "0")
	if len(significant) == 0 {
		return append(dst, '0')
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(dst, significant...)
	return appendExponent(dst, exponent, len(digits)-len(significant)-len(fraction))
}

// appendExponent appends the sum of the exponent as written and a shift.
func appendExponent(dst, exponent []byte, shift int) []byte {
	var sum big.Int
	if small, err := strconv.ParseInt(string(exponent), 10, 32); err == nil {
		sum.SetInt64(small)
	} else if len(exponent) > 0 {
		sum.SetString(string(exponent), 10) // cannot fail: the text is valid JSON
	}
	sum.Add(&sum, big.NewInt(int64(shift)))
	if sum.Sign() == 0 {
		return dst
	}
	return sum.Append(append(dst, 'e'), 10)
}
