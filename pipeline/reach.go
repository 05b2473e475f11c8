package pipeline

import (
	"fmt"
	"slices"
	"strings"
)

// A Reach says which pipelines somebody may see: those that it names, and those
// whose names begin as it says. The zero value reaches all of them.
type Reach struct {
	patterns []string // names, and prefixes with a star behind; nil for all
}

// ParseReach reads patterns, each a name or a prefix with a star behind it, as in
// "orders" and "eu-*". None at all reach every pipeline.
func ParseReach(patterns []string) (Reach, error) {
	for _, p := range patterns {
		prefix, open := strings.CutSuffix(p, "*")
		if !open && !ValidName(p) || open && !begins(prefix) {
			return Reach{}, fmt.Errorf("%.80q is neither the name of a pipeline nor the beginning of one with a * behind", p)
		}
		if p == "*" {
			return Reach{}, nil
		}
	}
	if len(patterns) == 0 {
		return Reach{}, nil
	}
	sorted := slices.Clone(patterns)
	slices.Sort(sorted)
	return Reach{slices.Compact(sorted)}, nil
}

// begins reports whether names may begin so: also with nothing, and with hyphens
// that something has to follow.
func begins(prefix string) bool {
	return prefix == "" || len(prefix) <= nameLimit && ValidName(strings.TrimRight(prefix, "-"))
}

// Everything reports whether it reaches all pipelines.
func (r Reach) Everything() bool { return r.patterns == nil }

// Has reports whether it reaches the pipeline of a name, be there one or not.
func (r Reach) Has(name string) bool {
	return r.Everything() || slices.ContainsFunc(r.patterns, func(p string) bool { return within(name, p) })
}

// Only returns a name, or that of no pipeline if it does not reach that one: a
// statement that is given it does what it does for a name that nobody has, and so
// tells nobody by what it answers, or by how long that takes, what is out of reach.
func (r Reach) Only(name string) string {
	if r.Has(name) {
		return name
	}
	return ""
}

// Covers reports whether it reaches whatever another does.
func (r Reach) Covers(other Reach) bool {
	if r.Everything() || other.Everything() {
		return r.Everything()
	}
	for _, p := range other.patterns {
		if !slices.ContainsFunc(r.patterns, func(q string) bool { return within(p, q) }) {
			return false
		}
	}
	return true
}

// within reports whether a name, or all that a pattern matches, is matched by
// another pattern.
func within(p, pattern string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	return p == pattern || open && strings.HasPrefix(p, prefix)
}

// Patterns returns what ParseReach has read, in order: none for all pipelines.
func (r Reach) Patterns() []string { return slices.Clone(r.patterns) }

// Like returns the patterns as SQL's like has them, for a column with the names
// of pipelines: column like any(…). It is nil for all pipelines. Names have none
// of the characters that like takes for another meaning.
func (r Reach) Like() []string {
	if r.Everything() {
		return nil
	}
	like := make([]string, len(r.patterns))
	for i, p := range r.patterns {
		like[i] = strings.Replace(p, "*", "%", 1)
	}
	return like
}
