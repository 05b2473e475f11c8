package pipeline

import (
	"context"
	"encoding/json"
	"slices"

	"barograph/internal/fault"
)

// A Forecaster knows the weather. Current returns what it is at each of some
// cities, by the gazetteer's ids, as JSON objects, and in the place of one that is
// not known an error.
type Forecaster interface {
	Current(ctx context.Context, cities []int64) ([]json.RawMessage, []error)
}

// Enrich is the kind of step that adds the current conditions at the payload's
// city: {"kind":"enrich","as":"weather"}. A payload without a city gets null. All
// payloads of a claim are one question to the forecaster.
func Enrich(forecaster Forecaster) Kind {
	return Kind{Name: "enrich", IO: true, New: func(options json.RawMessage, b *Builder) (Step, error) {
		var o struct {
			As string `json:"as"`
		}
		if !b.Decode(options, &o) {
			return nil, nil
		}
		b.Member("as", o.As)
		return &enrich{forecaster, o.As}, nil
	}}
}

// Forecasts reports whether one of the steps is of this kind.
func (p *Program) Forecasts() bool {
	return slices.ContainsFunc(p.steps, func(s placed) bool { _, is := s.Step.(*enrich); return is })
}

type enrich struct {
	forecaster Forecaster
	as         string
}

// Run asks once for the cities of all jobs.
func (e *enrich) Run(ctx context.Context, jobs []*Job) {
	var cities []int64
	at := map[int64]int{}
	for _, j := range jobs {
		if j.CityID == nil {
			continue
		}
		if _, known := at[*j.CityID]; !known {
			at[*j.CityID] = len(cities)
			cities = append(cities, *j.CityID)
		}
	}
	var (
		found []json.RawMessage
		errs  []error
	)
	if len(cities) > 0 {
		found, errs = e.forecaster.Current(ctx, cities)
	}
	for _, j := range jobs {
		conditions := json.RawMessage("null")
		if j.CityID != nil {
			i := at[*j.CityID]
			if errs[i] != nil {
				j.Fail(fault.Of(errs[i]).Message)
				continue
			}
			conditions = found[i]
		}
		j.add(e.as, conditions)
	}
}

// add puts a member into the value.
func (j *Job) add(name string, value json.RawMessage) {
	text, err := with(j.Value, map[string]json.RawMessage{name: value})
	if err != nil {
		j.Fail("the value is no object")
		return
	}
	j.Value = text
}
