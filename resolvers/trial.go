package resolvers

import (
	"context"

	"barograph/auth"
	"barograph/graph/wire"
	"barograph/internal/operation"
	"barograph/pipeline"
)

var testPipeline = operation.New("test pipeline")

func (r mutationResolver) TestPipeline(ctx context.Context, input wire.TestPipelineInput) (*wire.TestPipelineResult, error) {
	return operation.Value(ctx, testPipeline, r.Logger, func(ctx context.Context) (*wire.TestPipelineResult, error) {
		result, err := r.try(ctx, input)
		if err == nil {
			return result, nil
		}
		problems, err := wire.AllRefused(err)
		if err != nil {
			return nil, err
		}
		return &wire.TestPipelineResult{Steps: []pipeline.TriedStep{}, Problems: problems}, nil
	})
}

func (r *Root) try(ctx context.Context, input wire.TestPipelineInput) (*wire.TestPipelineResult, error) {
	program, err := r.tried(ctx, input)
	if err != nil {
		return nil, err
	}
	if program.Forecasts() {
		if err := auth.Require(ctx, auth.WeatherRead); err != nil {
			return nil, err
		}
	}
	answers, err := pipeline.ParseAnswers(object(input.Answers))
	if err != nil {
		return nil, err
	}
	payload, err := pipeline.ParsePayload(input.Payload)
	if err != nil {
		return nil, err
	}
	admission, err := program.Admit(ctx, payload)
	if err != nil {
		return nil, err
	}
	result := &wire.TestPipelineResult{OrderingKey: admission.OrderingKey, Problems: []wire.Problem{}}
	job := &pipeline.Job{Payload: payload, At: r.now()}
	if city, found := r.Gazetteer.Find(admission.City); found {
		id := int64(city.ID)
		result.City, job.CityID = city, &id
	}
	trial := program.Try(ctx, job, admission, answers)
	result.Steps, result.Attributes, result.Result, result.Skipped = trial.Steps, trial.Attributes, trial.Result, trial.Skipped
	if trial.Failure != nil {
		text := trial.Failure.Error()
		result.Failure = &text
	}
	return result, nil
}

// tried returns the program that a sample is tried on.
func (r *Root) tried(ctx context.Context, input wire.TestPipelineInput) (*pipeline.Program, error) {
	switch {
	case (input.Name == nil) == (input.Definition == nil):
		return nil, pipeline.Refuse(pipeline.DefinitionInvalid, "either a pipeline is named or a definition is given").At("input")
	case input.Name != nil:
		return r.Catalog.Current(ctx, reach(ctx), *input.Name)
	}
	return r.Catalog.Compile(ctx, input.Definition)
}
