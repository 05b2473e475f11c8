package main

import (
	"context"
	_ "embed" // for the definition
	"encoding/json"
	"fmt"
	"reflect"
)

// pipelineName is the name of the pipeline that takes the flights in.
const pipelineName = "flights"

// definition says what that pipeline does with them.
//
//go:embed definition.json
var definition []byte

const description = "Domestic flights of the United States in 2001, with the weather where they left from."

var createPipeline = operation{"CreatePipeline", `mutation CreatePipeline($name: String!, $description: String!, $definition: JSON!) {
  createPipeline(input: {name: $name, description: $description, definition: $definition}) {
    pipeline { version definition }
    problems { code message field }
  }
}`}

var pipelineQuery = operation{"Pipeline", `query Pipeline($name: String!) {
  pipeline(name: $name) { version definition }
}`}

var updatePipeline = operation{"UpdatePipeline", `mutation UpdatePipeline($name: String!, $definition: JSON!, $version: Int!) {
  updatePipeline(input: {name: $name, definition: $definition, expectedVersion: $version}) {
    pipeline { version definition }
    problems { code message field }
  }
}`}

// A pipeline is what the gateway says of one.
type pipeline struct {
	Version    int
	Definition json.RawMessage
}

// A change is what became of a pipeline that was to be made or changed.
type change struct {
	Pipeline *pipeline
	Problems []problem
}

// ensurePipeline makes the pipeline with its definition. One that is there
// already is changed only if its definition is another: as each change makes a
// version, running this program again must not.
func ensurePipeline(ctx context.Context, g *gateway) (p pipeline, became string, err error) {
	var created struct{ CreatePipeline change }
	err = g.ask(ctx, createPipeline, map[string]any{
		"name": pipelineName, "description": description, "definition": json.RawMessage(definition),
	}, &created)
	if err != nil {
		return p, "", fmt.Errorf("create pipeline %s: %w", pipelineName, err)
	}
	if !created.CreatePipeline.refusedWith("PIPELINE_NAME_TAKEN") {
		p, err = created.CreatePipeline.take("create")
		return p, "new", err
	}
	var found struct{ Pipeline *pipeline }
	if err := g.ask(ctx, pipelineQuery, map[string]any{"name": pipelineName}, &found); err != nil {
		return p, "", fmt.Errorf("find pipeline %s: %w", pipelineName, err)
	}
	if found.Pipeline == nil {
		return p, "", fmt.Errorf("pipeline %s is there and is not", pipelineName)
	}
	same, err := sameDefinition(found.Pipeline.Definition)
	if err != nil || same {
		return *found.Pipeline, "as it was", err
	}
	var updated struct{ UpdatePipeline change }
	err = g.ask(ctx, updatePipeline, map[string]any{
		"name": pipelineName, "definition": json.RawMessage(definition), "version": found.Pipeline.Version,
	}, &updated)
	if err != nil {
		return p, "", fmt.Errorf("update pipeline %s: %w", pipelineName, err)
	}
	p, err = updated.UpdatePipeline.take("update")
	return p, "changed", err
}

// sameDefinition reports whether a definition is this program's, however the two
// are written.
func sameDefinition(text json.RawMessage) (bool, error) {
	theirs, err := object(text)
	if err != nil {
		return false, fmt.Errorf("read the definition of pipeline %s: %w", pipelineName, err)
	}
	ours, err := object(definition)
	return reflect.DeepEqual(theirs, ours), err
}

func (c change) refusedWith(code string) bool {
	return len(c.Problems) > 0 && c.Problems[0].Code == code
}

// take returns the pipeline as it is now, or why the change was refused.
func (c change) take(what string) (pipeline, error) {
	if len(c.Problems) > 0 {
		return pipeline{}, fmt.Errorf("%s pipeline %s: %w", what, pipelineName, c.Problems[0])
	}
	if c.Pipeline == nil {
		return pipeline{}, fmt.Errorf("%s pipeline %s: the gateway answered nothing", what, pipelineName)
	}
	return *c.Pipeline, nil
}
