package schemalint

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
)

var (
	pascal    = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	camel     = regexp.MustCompile(`^[a-z][A-Za-z0-9]*(_[0-9]+)?$`) // pm2_5 is a name, and not ours to change
	screaming = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
	day       = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)
	remedy    = regexp.MustCompile("`[^`]+`")
)

// describe checks a description: sentences, from a capital to a full stop.
func (l *lint) describe(at string, position *ast.Position, description string) {
	text := strings.TrimSpace(description)
	if text == "" {
		l.add(at, position, "is not described")
		return
	}
	if first, _ := utf8.DecodeRuneInString(text); unicode.IsLower(first) {
		l.add(at, position, "has a description that does not start with a capital")
	}
	if !strings.HasSuffix(text, ".") {
		l.add(at, position, "has a description that does not end with a full stop")
	}
}

// deprecation checks that who uses what is deprecated learns what to use
// instead, and until when it is there.
func (l *lint) deprecation(at string, position *ast.Position, directives ast.DirectiveList) {
	deprecated := directives.ForName("deprecated")
	if deprecated == nil {
		return
	}
	reason := ""
	if argument := deprecated.Arguments.ForName("reason"); argument != nil {
		reason = argument.Value.Raw
	}
	if !remedy.MatchString(reason) {
		l.add(at, position, "is deprecated without naming, in `backquotes`, what to use instead")
	}
	if _, err := time.Parse(time.DateOnly, day.FindString(reason)); err != nil {
		l.add(at, position, "is deprecated without the day it goes away, as in 2027-01-31")
	}
}

func (l *lint) camelCase(at, name string, position *ast.Position) {
	if !camel.MatchString(name) {
		l.add(at, position, "is not in camelCase")
	}
}

// typeName checks the name of a type: inputs of mutations and their results
// are named by the roots' rules.
func (l *lint) typeName(t *ast.Definition) {
	initials := t.Kind == ast.Scalar && screaming.MatchString(t.Name) // JSON
	if !initials && !pascal.MatchString(t.Name) {
		l.add(t.Name, t.Position, "is not in PascalCase")
	}
}
