package resolvers

import (
	"context"
	"errors"
	"slices"
	"strings"

	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

// filter returns the records that belong to what a field is nested under and meet
// what its argument says.
func (r *Root) filter(ctx context.Context, of records.Filter, filter wire.RecordFilter) (records.Filter, error) {
	of.States, of.ReceivedSince, of.ReceivedBefore = filter.States, filter.ReceivedSince, filter.ReceivedBefore
	if filter.Pipeline != nil {
		of.Pipelines = append(of.Pipelines, *filter.Pipeline)
	}
	if filter.City != nil {
		city, err := r.city(*filter.City)
		if err != nil {
			return of, err
		}
		of.CityIDs = append(of.CityIDs, int64(city.ID))
	}
	if len(filter.Attributes) > records.MatchLimit {
		return of, fault.New(fault.BadInput, "filter.attributes: %d are given, and %d are allowed", len(filter.Attributes), records.MatchLimit)
	}
	for i, a := range filter.Attributes {
		match := records.Match{Attribute: a.Name, Equal: a.Eq, Over: a.Gt, From: a.Gte, Below: a.Lt, UpTo: a.Lte}
		err := match.Validate()
		if err == nil && match.Ranges() {
			err = r.declared(ctx, of.Pipelines, a.Name)
		}
		if err != nil {
			return of, at(err, "filter.attributes[%d]", i)
		}
		of.Attributes = append(of.Attributes, match)
	}
	return of, nil
}

// declared returns why records of the pipelines cannot be asked for a range of an
// attribute, or nil: only what the definition in force declares a range has an
// index for it.
func (r *Root) declared(ctx context.Context, pipelines []string, attribute string) error {
	if len(pipelines) == 0 {
		return fault.New(fault.BadInput, "a range needs the pipeline to be given, whose definition declares it")
	}
	program, err := r.Catalog.Current(ctx, reach(ctx), pipelines[0])
	var refusal *pipeline.Refusal
	switch {
	case errors.As(err, &refusal):
		return fault.New(fault.BadInput, "%s", refusal.Message)
	case err != nil:
		return err
	case slices.Contains(program.Ranges, attribute):
		return nil
	case len(program.Ranges) == 0:
		return fault.New(fault.BadInput, "pipeline %q declares no attribute a range", pipelines[0])
	}
	return fault.New(fault.BadInput, "pipeline %q declares %.80q no range: only %s", pipelines[0], attribute, strings.Join(program.Ranges, ", "))
}

// at returns a fault that says first where in the arguments it is.
func at(err error, format string, args ...any) error {
	var of *fault.Error
	if !errors.As(err, &of) || of.Kind != fault.BadInput {
		return err
	}
	return fault.Wrap(err, of.Kind, format+": %s", append(args, of.Message)...)
}
