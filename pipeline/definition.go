package pipeline

import (
	"encoding/json"
	"regexp"
)

const (
	// DefinitionLimit is how many bytes of JSON a definition may have.
	DefinitionLimit = 64 << 10

	stepLimit      = 20
	attributeLimit = 32
	attemptLimit   = 100
	dayMs          = 24 * 60 * 60 * 1000
	backoffLimitMs = 7 * dayMs
	deadlineLimit  = 30 * dayMs
	retentionLimit = 10 * 366 * 24 * 60 * 60 // seconds
)

// A Definition says what a pipeline does with its payloads.
type Definition struct {
	InputSchema json.RawMessage            `json:"inputSchema"` // JSON Schema 2020-12; nil takes any payload
	Steps       []json.RawMessage          `json:"steps"`       // in order, each of a kind
	Attributes  map[string]json.RawMessage `json:"attributes"`  // plain and indexed, by name: each an Attribute
	City        *string                    `json:"city"`        // CEL; nil reads the payload's "city"
	OrderingKey *string                    `json:"orderingKey"` // CEL; payloads with the same key are processed one after the other
	Retry       json.RawMessage            `json:"retry"`       // a Retry
	Retention   json.RawMessage            `json:"retention"`   // a Retention
}

// An Attribute is a value of a record by which it is found and grouped.
type Attribute struct {
	Expression string `json:"expression"` // CEL, of the payload and, once there is one, the result
	Type       string `json:"type"`       // STRING, NUMBER or BOOLEAN
	Range      bool   `json:"range"`      // of a NUMBER: whether it can be asked for from one value to another
}

// A Retention says for how long finished records are kept. Zero keeps them.
type Retention struct {
	ProcessedSeconds int64 `json:"processedSeconds"` // of PROCESSED and SKIPPED, since then
	DeadSeconds      int64 `json:"deadSeconds"`
}

// memberPattern is what attributes and members that steps add are called.
var memberPattern = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,63}$`)
