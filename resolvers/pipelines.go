package resolvers

import (
	"context"
	"encoding/json"

	"barograph/graph/wire"
	"barograph/loaders"
	"barograph/pipeline"
)

func (r queryResolver) Pipeline(ctx context.Context, name string) (*pipeline.Pipeline, error) {
	return loaders.From(ctx).Pipelines.Load(ctx, name)
}

func (r queryResolver) Pipelines(ctx context.Context, first *int, after *string, last *int, before *string) (*wire.PipelineConnection, error) {
	window := wire.Window{First: first, Last: last, After: after, Before: before}
	n, fromEnd, err := window.Length()
	if err != nil {
		return nil, err
	}
	afterName, err := wire.ParsePipelineCursor("after", after)
	if err != nil {
		return nil, err
	}
	beforeName, err := wire.ParsePipelineCursor("before", before)
	if err != nil {
		return nil, err
	}
	found, err := r.Root.Pipelines.Page(ctx, reach(ctx), afterName, beforeName, n+1, fromEnd)
	if err != nil {
		return nil, err
	}
	return wire.NewConnection(window, found, wire.PipelineCursor, func(ctx context.Context) (int, error) {
		return r.Root.Pipelines.Count(ctx, reach(ctx))
	}), nil
}

func (r mutationResolver) CreatePipeline(ctx context.Context, input wire.CreatePipelineInput) (*wire.PipelineResult, error) {
	return r.defined(r.Catalog.Create(ctx, reach(ctx), input.Name, input.Description, object(input.Definition)))
}

func (r mutationResolver) UpdatePipeline(ctx context.Context, input wire.UpdatePipelineInput) (*wire.PipelineResult, error) {
	return r.defined(r.Catalog.Update(ctx, reach(ctx), pipeline.Change(input)))
}

func (r mutationResolver) ActivatePipeline(ctx context.Context, input wire.ActivatePipelineInput) (*wire.PipelineResult, error) {
	return changed(r.Pipelines.SetActive(ctx, reach(ctx), input.Name, true))
}

func (r mutationResolver) DeactivatePipeline(ctx context.Context, input wire.DeactivatePipelineInput) (*wire.PipelineResult, error) {
	return changed(r.Pipelines.SetActive(ctx, reach(ctx), input.Name, false))
}

// defined returns the result of a change that may have brought another definition.
func (r *Root) defined(p *pipeline.Pipeline, err error) (*wire.PipelineResult, error) {
	if err == nil {
		r.Indexer.Wake()
	}
	return changed(p, err)
}

// changed returns the result of a change: the pipeline, or the refusals.
func changed(p *pipeline.Pipeline, err error) (*wire.PipelineResult, error) {
	problems, err := wire.AllRefused(err)
	if err != nil {
		return nil, err
	}
	return &wire.PipelineResult{Pipeline: p, Problems: problems}, nil
}

// object returns an object that was given, an empty one if none was. The schema
// has no default for it: GraphiQL, as graphql-js, cannot print that of a scalar.
func object(given json.RawMessage) json.RawMessage {
	if given == nil || string(given) == "null" {
		return json.RawMessage("{}")
	}
	return given
}
