package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"barograph/internal/strictjson"
)

// Process returns what a pipeline without rules of its own makes of a payload:
// the payload with its status and the time of processing.
func Process(p *Payload, at time.Time) (json.RawMessage, error) {
	result := maps.Clone(p.members)
	result["status"] = json.RawMessage(`"processed"`)
	result["timestamp"] = json.RawMessage(`"` + at.UTC().Format(time.RFC3339Nano) + `"`)
	text, err := strictjson.Object(result)
	if err != nil {
		return nil, fmt.Errorf("write result: %w", err)
	}
	return text, nil
}
