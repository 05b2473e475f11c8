// Package schemadiff says what a change of a GraphQL schema does to those who
// use it: which changes break an operation that was valid or a client that reads
// its answer, and which may surprise one. The schema that clients rely on is
// landed.graphqls, and `go generate ./internal/schemadiff` moves it on to
// schema.graphqls: part of landing a change of the schema, and refused while
// something breaks.
package schemadiff

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

//go:generate go run ./land

// A Severity says how bad a change is.
type Severity uint8

// The severities.
const (
	Dangerous Severity = iota // operations stay valid, and may be answered otherwise
	Breaking                  // operations become invalid, or answers what clients do not expect
)

// String returns the severity in words.
func (s Severity) String() string {
	if s == Breaking {
		return "breaking"
	}
	return "dangerous"
}

// A Change is one that may matter to a client.
type Change struct {
	Severity Severity
	At       string // as in "Query.city(name:)"
	Why      string
}

// String returns the change in a line.
func (c Change) String() string { return fmt.Sprintf("%s: %s %s", c.Severity, c.At, c.Why) }

// Compare returns the changes from a schema to another that break or endanger
// clients, by where they are. To remove what is deprecated breaks nobody from
// the day on that its deprecation names, which today is compared with.
func Compare(from, to *ast.Schema, today time.Time) []Change {
	d := &diff{from: from, to: to, today: today}
	for _, name := range slices.Sorted(maps.Keys(from.Types)) {
		before, after := from.Types[name], to.Types[name]
		switch {
		case before.BuiltIn:
		case after == nil:
			d.add(Breaking, name, "is gone")
		case before.Kind != after.Kind:
			d.add(Breaking, name, "was %s and is %s", kind(before), kind(after))
		default:
			d.definition(before, after)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.Directives)) {
		if to.Directives[name] == nil {
			d.add(Breaking, "@"+name, "is gone")
		}
	}
	return d.changes
}

type diff struct {
	from, to *ast.Schema
	today    time.Time
	changes  []Change
}

func (d *diff) add(severity Severity, at, format string, args ...any) {
	d.changes = append(d.changes, Change{severity, at, fmt.Sprintf(format, args...)})
}

// removed notes that an element is gone.
func (d *diff) removed(at string, directives ast.DirectiveList) {
	if last, ok := goesAway(directives); ok && !d.today.Before(last) {
		d.add(Dangerous, at, "is gone, as its deprecation announced")
		return
	}
	d.add(Breaking, at, "is gone")
}

// definition compares a type of one kind with itself.
func (d *diff) definition(before, after *ast.Definition) {
	switch before.Kind {
	case ast.Object, ast.Interface:
		d.interfaces(before, after)
		d.fields(before, after)
	case ast.InputObject:
		d.inputs(before.Name, inputFields(before), inputFields(after))
		if before.Directives.ForName("oneOf") == nil && after.Directives.ForName("oneOf") != nil {
			d.add(Breaking, before.Name, "takes one field only")
		}
	case ast.Enum:
		d.enum(before, after)
	case ast.Union:
		d.members(before, after)
	case ast.Scalar:
		if specifiedBy(before) != specifiedBy(after) {
			d.add(Dangerous, before.Name, "was specified by %q and is by %q", specifiedBy(before), specifiedBy(after))
		}
	}
}

func kind(t *ast.Definition) string {
	return map[ast.DefinitionKind]string{
		ast.Scalar: "a scalar", ast.Object: "an object type", ast.Interface: "an interface", ast.Union: "a union",
		ast.Enum: "an enum", ast.InputObject: "an input type",
	}[t.Kind]
}

func specifiedBy(t *ast.Definition) string {
	return argumentOf(t.Directives, "specifiedBy", "url")
}

func argumentOf(directives ast.DirectiveList, directive, argument string) string {
	if d := directives.ForName(directive); d != nil {
		if a := d.Arguments.ForName(argument); a != nil {
			return a.Value.Raw
		}
	}
	return ""
}

// goesAway returns the day that a deprecation names, as in 2027-01-31.
func goesAway(directives ast.DirectiveList) (day time.Time, ok bool) {
	for word := range strings.FieldsFuncSeq(argumentOf(directives, "deprecated", "reason"), notOfADay) {
		if day, err := time.Parse(time.DateOnly, word); err == nil {
			return day, true
		}
	}
	return time.Time{}, false
}

func notOfADay(r rune) bool { return (r < '0' || r > '9') && r != '-' }
