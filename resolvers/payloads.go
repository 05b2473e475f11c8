package resolvers

import (
	"context"
	"time"

	"barograph/graph/wire"
	"barograph/internal/operation"
	"barograph/pipeline"
	"barograph/records"
)

var processPayload = operation.New("process payload")

func (r mutationResolver) ProcessPayload(ctx context.Context, input wire.ProcessPayloadInput) (result *wire.ProcessPayloadResult, err error) {
	defer func() { countPayload(ctx, result, err) }()
	return operation.Value(ctx, processPayload, r.Logger, func(ctx context.Context) (*wire.ProcessPayloadResult, error) {
		return r.processPayload(ctx, input)
	})
}

func (r *Root) processPayload(ctx context.Context, input wire.ProcessPayloadInput) (*wire.ProcessPayloadResult, error) {
	received := r.now()
	payload, err := pipeline.ParsePayload(input.Payload)
	if err != nil {
		return refusedPayload(err)
	}
	program, err := r.Catalog.Current(ctx, input.Pipeline)
	if err != nil {
		return refusedPayload(inPipeline(err))
	}
	admission, err := program.Admit(ctx, payload)
	if err != nil {
		return refusedPayload(err)
	}
	processed := r.now()
	job := &pipeline.Job{Payload: payload, CityID: r.cityOf(admission.City), Attempt: 1, At: processed}
	outcome := program.Run(ctx, []*pipeline.Job{job})[0]
	if outcome.Failure != nil || outcome.Skipped {
		return refusedPayload(pipeline.Refuse(pipeline.StepFailed, "%v", outcome.Failure))
	}
	accepted, err := r.Writer.Accept(ctx, records.Draft{
		Key:         records.Key{Pipeline: input.Pipeline, PayloadID: payload.ID},
		Payload:     payload.JSON,
		Fingerprint: payload.Fingerprint,
		Result:      outcome.Result,
		CityID:      job.CityID,
		ReceivedAt:  received,
		ProcessedAt: processed,
	})
	if err != nil {
		return nil, err
	}
	return &wire.ProcessPayloadResult{
		Record:    accepted.Record,
		Duplicate: accepted.Duplicate,
		Problems:  wire.Problems(accepted.Refusal),
	}, nil
}

func refusedPayload(err error) (*wire.ProcessPayloadResult, error) {
	problems, err := wire.AllRefused(err)
	if err != nil {
		return nil, err
	}
	return &wire.ProcessPayloadResult{Problems: problems}, nil
}

// inPipeline points a refusal of a pipeline to where a payload names it.
func inPipeline(err error) error {
	refusal, err := wire.Refused(err)
	if err != nil {
		return err
	}
	return refusal.At("input", "pipeline")
}

// cityOf returns the id of the city that a payload names, nil for none.
func (r *Root) cityOf(name string) *int64 {
	city, ok := r.Gazetteer.Find(name)
	if !ok {
		return nil
	}
	id := int64(city.ID)
	return &id
}

// now returns the time to the microsecond, as the database keeps it.
func (r *Root) now() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }
