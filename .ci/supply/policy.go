package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// licences are those that ask for no more than a notice, or, as the MPL does, for
// the source of changes to what is under it: by their SPDX identifiers.
var licences = []string{
	"0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT",
	"MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
}

// exceptions are packages that may be used under another licence, and why.
var exceptions = map[string]string{
	"@apollo/composition":          "Elastic-2.0: CI composes the subgraph with it; it is neither shipped nor offered as a service",
	"@apollo/federation-internals": "Elastic-2.0: as @apollo/composition, which needs it",
	"@apollo/query-graphs":         "Elastic-2.0: as @apollo/composition, which needs it",
	"caniuse-lite":                 "CC-BY-4.0: data about browsers, which building the examples' clients looks up and nothing ships",
	"github.com/xi2/xz":            "LicenseRef-unclear: it is in the public domain, and says so in words of its own",
}

// A dependency is something of somebody else's that the product, its tests or its
// examples need.
type dependency struct {
	name, version string
	licence       string // an SPDX expression, "" where there is none
}

// String names it, with its licence.
func (d dependency) String() string {
	if d.licence == "" {
		return fmt.Sprintf("%s %s: no licence is known", d.name, d.version)
	}
	return fmt.Sprintf("%s %s: %s", d.name, d.version, d.licence)
}

// distinct returns each dependency once, in order.
func distinct(all []dependency) []dependency {
	slices.SortFunc(all, func(a, b dependency) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.version, b.version), cmp.Compare(a.licence, b.licence))
	})
	return slices.Compact(all)
}

// allowed reports whether it may be used. An exception holds for the licence that
// it names, and for no other that the package comes to have.
func (d dependency) allowed() bool {
	if why, found := exceptions[d.name]; found && strings.HasPrefix(why, d.licence+": ") {
		return true
	}
	return allowed(d.licence)
}

// allowed reports whether an SPDX expression can be met: of alternatives by one, of
// what holds together by all. What has anything else in it is refused.
func allowed(expression string) bool {
	expression = strings.TrimSpace(expression)
	if inner, found := strings.CutPrefix(expression, "("); found && strings.Index(inner, ")") == len(inner)-1 {
		expression = inner[:len(inner)-1]
	}
	if choices := strings.Split(expression, " OR "); len(choices) > 1 {
		return !strings.ContainsAny(expression, "()") && slices.ContainsFunc(choices, allowed)
	}
	for each := range strings.SplitSeq(expression, " AND ") {
		if !slices.Contains(licences, each) {
			return false
		}
	}
	return true
}
