package matrix_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// A step is a field on the way from a root to an object.
type step struct {
	of    *ast.Definition
	field *ast.FieldDefinition
	on    string // the object to go on with
}

// A route leads from a root to an object.
type route struct {
	root  ast.Operation
	steps []step
	to    *ast.Definition
}

// names returns those of the fields on the way.
func (r route) names() (names []string) {
	for _, s := range r.steps {
		names = append(names, s.field.Name)
	}
	return names
}

func (r route) String() string {
	return strings.Join(append([]string{string(r.root)}, r.names()...), ".") + " (" + r.to.Name + ")"
}

// routesOf returns the shortest route from each root to each object that it leads
// to: a payload that was just sent is seen by others than one that is looked up.
func routesOf(schema *ast.Schema) (all []route) {
	for _, root := range []struct {
		operation ast.Operation
		of        *ast.Definition
	}{{ast.Query, schema.Query}, {ast.Mutation, schema.Mutation}, {ast.Subscription, schema.Subscription}} {
		known := map[string]bool{root.of.Name: true}
		for queue := []route{{root.operation, nil, root.of}}; len(queue) > 0; queue = queue[1:] {
			from := queue[0]
			all = append(all, from)
			if from.to.Name == "CreatePipelineResult" {
				continue // what has just been made has nothing yet
			}
			for _, f := range fieldsOf(from.to) {
				for _, next := range objects(schema, f) {
					if !known[next.Name] {
						known[next.Name] = true
						queue = append(queue, route{root.operation, append(slices.Clone(from.steps), step{from.to, f, next.Name}), next})
					}
				}
			}
		}
	}
	return all
}

// fieldsOf returns the fields that are not of the introspection.
func fieldsOf(of *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone(of.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
}

// objects returns those that a field may return.
func objects(schema *ast.Schema, f *ast.FieldDefinition) []*ast.Definition {
	switch t := schema.Types[f.Type.Name()]; {
	case t.Kind == ast.Object:
		return []*ast.Definition{t}
	case t.Name == "Node" || t.Name == "_Entity":
		return []*ast.Definition{schema.Types["City"]} // as given names one
	case t.IsAbstractType():
		return schema.GetPossibleTypes(t)
	}
	return nil
}

// document returns an operation that asks an object at the end of a route for
// fields. Where another than the one wanted is met, it says which.
func document(schema *ast.Schema, c cell, id string) (string, error) {
	r := c.route
	text := string(r.root) + " {"
	for _, s := range r.steps {
		args, err := arguments(s.of, s.field, r.to.Name, id)
		if err != nil {
			return "", err
		}
		text += " " + s.field.Name + args + " { __typename ... on " + s.on + " {"
	}
	for _, f := range c.fields {
		args, err := arguments(r.to, f, "", id)
		if err != nil {
			return "", err
		}
		text += " " + f.Name + args
		switch of := schema.Types[f.Type.Name()]; {
		case of.IsCompositeType() && lists(f) && len(r.steps) > 0: // what a root lists changes meanwhile
			text += content(schema, of, c.caller)
		case of.IsCompositeType():
			text += " { __typename }"
		}
	}
	return text + strings.Repeat(" } }", len(r.steps)) + " }", nil
}

// lists reports whether a field tells of several.
func lists(f *ast.FieldDefinition) bool {
	return f.Type.Elem != nil || strings.HasSuffix(f.Type.Name(), "Connection")
}

// content returns selections of all that a caller may see in a type by itself, and
// of what it lists.
func content(schema *ast.Schema, of *ast.Definition, c caller) string {
	text := " { __typename"
	if of.Kind == ast.Object {
		for _, f := range fieldsOf(of) {
			switch next := schema.Types[f.Type.Name()]; {
			case len(f.Arguments) > 0 || refusal(schema, of, f, c) != "":
			case !next.IsCompositeType():
				text += " " + f.Name
			case f.Name == "nodes":
				text += " nodes" + content(schema, next, c)
			}
		}
	}
	return text + " }"
}

// arguments returns what a field is given on the way to an object.
func arguments(of *ast.Definition, f *ast.FieldDefinition, on, id string) (string, error) {
	name := of.Name + "." + f.Name
	for _, key := range []string{name + " " + on, name} {
		if args, ok := given[key]; ok {
			if args == "" {
				return "", nil
			}
			return "(" + strings.ReplaceAll(args, "FRESH", id) + ")", nil
		}
	}
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil {
			return "", fmt.Errorf("%s takes %s: say in given what", name, a.Name)
		}
	}
	return "", nil
}

// given are arguments of fields, or of fields on the way to a type. NAME is that of
// a pipeline, and FRESH something that has not been given before.
var given = map[string]string{
	"Query.weather":                          `city: "Mumbai"`,
	"Query.weatherAt":                        `latitude: 19, longitude: 72.9`,
	"Query.city":                             `name: "Mumbai"`,
	"Query.cities":                           `names: ["Mumbai"]`,
	"Query.searchCities":                     `query: "Mumb"`,
	"Query.pipeline":                         `name: "NAME"`,
	"Query.record":                           `pipeline: "NAME", payloadId: "failed"`,
	"Query.records":                          `filter: {pipeline: "NAME"}`,
	"Query.recordStats":                      `filter: {pipeline: "NAME"}, of: "total"`,
	"Query.node":                             `id: "City:1275339"`, // others take what their own fields do: see the attacks
	"Query.nodes":                            `ids: ["City:1275339"]`,
	"Query._entities":                        `representations: [{__typename: "City", id: "City:1275339"}]`,
	"Mutation.processPayload":                `input: {pipeline: "NAME", payload: {id: "failed"}}`, // a conflict
	"Mutation.submitPayloads":                `input: {pipeline: "NAME", payloads: [{id: "FRESH"}, {id: "sent"}, {id: "failed"}, 7]}`,
	"Mutation.replayRecords":                 `input: {ids: ["Record:NAME:failed", "Record:NAME:sent"]}`,
	"Mutation.refreshWeather":                `input: {cities: ["Mumbai"]}`,
	"Query.auditEvents":                      `filter: {pipeline: "NAME"}`,
	"Query.records RecordConnection":         "", // of any
	"Query.recordStats RecordStats":          `of: "total"`,
	"Query.auditEvents AuditEventConnection": "",
	"Mutation.createApiKey":                  `input: {name: "FRESH", scopes: ["keys:write"], pipelines: ["NAME"]}`,
	"Mutation.revokeApiKey":                  `input: {id: "ApiKey:FRESH"}`,
	"Mutation.createPipeline":                `input: {name: "NAME-FRESH"}`,
	"Mutation.updatePipeline":                `input: {name: "NAME", description: "of NAME"}`,
	"Mutation.testPipeline":                  `input: {name: "NAME", payload: {id: "a", city: "Mumbai"}}`,
	"Mutation.activatePipeline":              `input: {name: "NAME"}`,
	"Mutation.deactivatePipeline":            `input: {name: "NAME-off"}`,
	"Subscription.recordChanged":             `pipeline: "NAME", after: "CURSOR"`,
	"Subscription.weatherChanged":            `city: "Mumbai"`,
	"Mutation.testPipeline TestedStep":       `input: {definition: {steps: [{kind: "filter", expression: "true"}]}, payload: {id: "a"}}`,
}
