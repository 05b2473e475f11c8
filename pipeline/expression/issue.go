package expression

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
)

// An Issue is something wrong with the text of an expression.
type Issue struct {
	Line, Column int // of the text, from 1
	Message      string
}

// String returns the place and what is wrong there.
func (i Issue) String() string { return fmt.Sprintf("%d:%d: %s", i.Line, i.Column, i.Message) }

// Issues are the reasons why a text is no expression.
type Issues []Issue

// Error returns them all.
func (all Issues) Error() string {
	lines := make([]string, len(all))
	for i, one := range all {
		lines[i] = one.String()
	}
	return strings.Join(lines, "; ")
}

func issuesOf(found *cel.Issues) Issues {
	var all Issues
	for _, e := range found.Errors() {
		if len(all) == errorsLimit {
			break
		}
		message := firstLine(strings.TrimPrefix(e.Message, "Syntax error: "))
		all = append(all, Issue{max(e.Location.Line(), 1), max(e.Location.Column()+1, 1), message})
	}
	return all
}
