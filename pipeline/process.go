package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"barograph/internal/strictjson"
	"barograph/pipeline/expression"
)

// Process returns what a pipeline without rules of its own makes of a payload:
// the payload with its status and the time of processing.
func Process(p *Payload, at time.Time) (json.RawMessage, error) { return processed(p.JSON, at) }

// processed returns an object with its status and the time of processing.
func processed(value json.RawMessage, at time.Time) (json.RawMessage, error) {
	return with(value, map[string]json.RawMessage{
		"status":    json.RawMessage(`"processed"`),
		"timestamp": json.RawMessage(`"` + at.UTC().Format(time.RFC3339Nano) + `"`),
	})
}

// with returns an object with more members, each other one to the byte.
func with(object json.RawMessage, more map[string]json.RawMessage) (json.RawMessage, error) {
	members, is := strictjson.Members(object)
	if !is {
		return nil, errors.New("read object: it is none")
	}
	maps.Copy(members, more)
	text, err := strictjson.Object(members)
	if err != nil {
		return nil, fmt.Errorf("write object: %w", err)
	}
	return text, nil
}

// finish makes the result and the attributes of a job whose steps have run.
func (p *Program) finish(ctx context.Context, j *Job) {
	if j.Out() {
		return
	}
	result := j.Value
	if !j.written {
		var err error
		if result, err = processed(j.Value, j.At); err != nil {
			j.failure = &Failure{"result", "it cannot be written"}
			return
		}
	}
	if len(p.attributes) > 0 {
		scope := expression.NewScope()
		scope.Set(payloadVariable, j.Payload.JSON)
		scope.Set(resultVariable, result)
		var err error
		if j.attributes, err = p.attributesOf(ctx, scope, true); err != nil {
			j.failure = &Failure{"attributes", err.Error()}
			return
		}
	}
	j.result = result
}
