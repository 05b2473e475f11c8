package document

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	quoteLength = 40  // bytes of a value that a message about it repeats
	placeLength = 100 // bytes of where it is; the error's path has all of it
)

// wrong tells what is wrong where the walk is.
func (v *values) wrong(format string, arguments ...any) { v.wrongAt(v.path, format, arguments...) }

// wrongAt tells so of a path that begins where the walk is. After as many errors
// as are told comes one that says so, and no more.
func (v *values) wrongAt(path ast.Path, format string, arguments ...any) {
	switch {
	case v.full():
	case len(v.errs) == v.most:
		v.errs = append(v.errs, stopped(v.most))
	default:
		place := "variable $" + shorten(v.variable, quoteLength)
		if within := v.path[2:]; len(within) > 0 {
			place += " at " + shorten(within.String(), placeLength)
		}
		err := invalid(place+": "+fmt.Sprintf(format, arguments...), v.position)
		err.Path = slices.Clone(path)
		v.errs = append(v.errs, err)
	}
}

func (v *values) missing(of *ast.Type) { v.wrong("must be given: its type is %s", typeText(of)) }

func typeText(of *ast.Type) string { return shorten(of.String(), quoteLength) }

func quote(text string) string { return strconv.Quote(shorten(text, quoteLength)) }

// expected says what a value of a type is.
func expected(of *ast.Definition) string {
	switch {
	case of.Kind == ast.Enum:
		return "a value of " + of.Name
	case of.Kind == ast.InputObject:
		return "an object (" + of.Name + ")"
	case strings.ContainsRune("AEIOU", rune(of.Name[0])):
		return "an " + of.Name
	default:
		return "a " + of.Name
	}
}

// kindOf says what a value is.
func kindOf(value any) string {
	switch value.(type) {
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
