package wire

import (
	"encoding/json"
	"time"

	"barograph/records"
)

// A RecordFilter says which records.
type RecordFilter struct {
	Pipeline       *string
	States         []records.State
	City           *string // a name or an id
	ReceivedSince  *time.Time
	ReceivedBefore *time.Time
	Attributes     []AttributeFilter
}

// An AttributeFilter says what an attribute is to be.
type AttributeFilter struct {
	Name             string
	Eq               json.RawMessage // nil when it is not given, or null
	Gt, Gte, Lt, Lte *float64
}

// A RecordOrder says in which order.
type RecordOrder struct {
	Field     RecordOrderField
	Direction OrderDirection
}

// RefreshWeatherInput says whose weather to fetch anew.
type RefreshWeatherInput struct{ Cities []string }

// ProcessPayloadInput is a payload and where it goes.
type ProcessPayloadInput struct {
	Pipeline string
	Payload  json.RawMessage
}

// SubmitPayloadsInput is payloads and where they go.
type SubmitPayloadsInput struct {
	Pipeline string
	Payloads []json.RawMessage // nil for null
}

// ReplayRecordsInput says what to process again.
type ReplayRecordsInput struct {
	IDs    []string
	Filter *RecordFilter
	DryRun bool
}

// CreatePipelineInput is a pipeline to make.
type CreatePipelineInput struct {
	Name        string
	Description *string
	Definition  json.RawMessage
}

// UpdatePipelineInput is a change of a pipeline.
type UpdatePipelineInput struct {
	Name            string
	Description     *string
	Definition      json.RawMessage
	ExpectedVersion *int
}

// TestPipelineInput is a sample and what to try it on.
type TestPipelineInput struct {
	Name       *string
	Definition json.RawMessage
	Payload    json.RawMessage
	Answers    json.RawMessage
}

// ActivatePipelineInput is a pipeline to activate.
type ActivatePipelineInput struct{ Name string }

// DeactivatePipelineInput is a pipeline to deactivate.
type DeactivatePipelineInput struct{ Name string }
