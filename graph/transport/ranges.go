package transport

import (
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// A mediaRange is what one part of an Accept header names.
type mediaRange struct {
	name   string
	params map[string]string // the names in lower case, without the weight
	weight float64
}

// ranges returns what Accept headers name, in order. What cannot be read is left
// out.
func ranges(accept []string) []mediaRange {
	var all []mediaRange
	for _, part := range elements(strings.Join(accept, ",")) {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, given := params["q"]; given {
			if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
			delete(params, "q")
		}
		all = append(all, mediaRange{name, params, weight})
	}
	return all
}

// elements splits a header at its commas, but not at those within quotes.
func elements(header string) []string {
	quoted, escaped := false, false
	return strings.FieldsFunc(header, func(r rune) bool {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		}
		return r == ',' && !quoted
	})
}

// weigh returns how much a media type is wanted: by the range that names it most
// precisely, which stands at the place it returns, -1 if there is none.
func weigh(all []mediaRange, name string, params map[string]string) (weight float64, place int) {
	place = -1
	best := 0
	kind, _, _ := strings.Cut(name, "/")
	for i, r := range all {
		precision := 0
		switch r.name {
		case "*/*":
			precision = 1
		case kind + "/*":
			precision = 2
		case name:
			if precision = 3; len(r.params) > 0 {
				precision = 4
			}
			for key, value := range r.params {
				if !strings.EqualFold(params[key], value) {
					precision = 0
				}
			}
		}
		if precision > best {
			best, weight, place = precision, r.weight, i
		}
	}
	return weight, place
}

// whole returns how much an answer in one piece is wanted, and where that is
// named.
func whole(all []mediaRange) (weight float64, place int) {
	place = -1
	for _, name := range []string{mediaTypeJSON, mediaTypeGraphQL} {
		if w, at := weigh(all, name, ofAnswers); at >= 0 && w > weight {
			weight, place = w, at
		}
	}
	return weight, place
}

// explicit returns those ranges that name the media type itself, whatever their
// parameters but for the boundary, which is the server's to choose.
func explicit(all []mediaRange, name string) []mediaRange {
	var named []mediaRange
	for _, r := range all {
		if r.name == name {
			r.params = maps.Clone(r.params)
			delete(r.params, "boundary")
			named = append(named, r)
		}
	}
	return slices.Clip(named)
}
