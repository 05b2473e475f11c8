package inputschema

import (
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// An edge leads from a schema to one that it is made of.
type edge struct {
	to    *jsonschema.Schema
	reach reach
}

// A reach is what the schema at the end of an edge looks at, of what the one at
// its beginning looks at.
type reach uint8

const (
	samePlace reach = iota
	onePart         // the member or item it is for
	anyPart
)

// edges returns the schemas that one is made of.
func edges(s *jsonschema.Schema) []edge {
	var all []edge
	add := func(reach reach, schemas ...*jsonschema.Schema) {
		for _, to := range schemas {
			if to != nil {
				all = append(all, edge{to, reach})
			}
		}
	}
	add(samePlace, s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else)
	if s.DynamicRef != nil {
		add(samePlace, s.DynamicRef.Ref)
	}
	add(samePlace, s.AllOf...)
	add(samePlace, s.AnyOf...)
	add(samePlace, s.OneOf...)
	for _, to := range s.DependentSchemas {
		add(samePlace, to)
	}
	for _, to := range s.Properties {
		add(onePart, to)
	}
	for _, to := range s.PatternProperties {
		add(anyPart, to)
	}
	add(anyPart, s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema)
	add(onePart, s.PrefixItems...)
	if to, is := s.AdditionalProperties.(*jsonschema.Schema); is {
		add(anyPart, to)
	}
	return all
}

// visit calls do once for each schema that is reached from one.
func visit(root *jsonschema.Schema, do func(*jsonschema.Schema, []edge)) {
	seen := map[*jsonschema.Schema]bool{root: true}
	for rest := []*jsonschema.Schema{root}; len(rest) > 0; {
		s := rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		below := edges(s)
		do(s, below)
		for _, e := range below {
			if !seen[e.to] {
				seen[e.to] = true
				rest = append(rest, e.to)
			}
		}
	}
}

// checkStructure returns Faults where a schema is of another draft, has what is
// not metered, or refers to itself without looking further into the payload.
func checkStructure(root *jsonschema.Schema) error {
	var faults Faults
	tell := func(s *jsonschema.Schema, message string) {
		if len(faults) < faultLimit {
			faults = append(faults, Fault{pathOf(s.Location), message})
		}
	}
	visit(root, func(s *jsonschema.Schema, _ []edge) {
		switch {
		case s.DraftVersion != 2020:
			tell(s, "only JSON Schema 2020-12 is understood")
		case s.DynamicRef != nil:
			tell(s, "$dynamicRef is not supported: $ref is")
		}
	})
	circles(root, tell)
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// circles tells of schemas that come back to themselves at the same place of the
// payload.
func circles(root *jsonschema.Schema, tell func(*jsonschema.Schema, string)) {
	const underway, done = 1, 2
	state := map[*jsonschema.Schema]int{}
	var follow func(*jsonschema.Schema)
	follow = func(s *jsonschema.Schema) {
		state[s] = underway
		for _, e := range edges(s) {
			switch {
			case e.reach != samePlace:
			case state[e.to] == underway:
				tell(s, "a schema that refers to itself must look further into the payload before it does")
			case state[e.to] == 0:
				follow(e.to)
			}
		}
		state[s] = done
	}
	visit(root, func(s *jsonschema.Schema, _ []edge) {
		if state[s] == 0 {
			follow(s)
		}
	})
}
