package pipeline

import (
	"fmt"
	"strings"
	"time"
)

// A Code says for what reason something was refused.
type Code string

// The reasons for refusing a payload or a change of a pipeline.
const (
	PayloadNotObject   Code = "PAYLOAD_NOT_OBJECT"
	PayloadIDMissing   Code = "PAYLOAD_ID_MISSING"
	PayloadIDInvalid   Code = "PAYLOAD_ID_INVALID"
	PayloadTooLarge    Code = "PAYLOAD_TOO_LARGE"
	PayloadInvalid     Code = "PAYLOAD_INVALID"
	PayloadConflict    Code = "PAYLOAD_CONFLICT"
	NotFound           Code = "PIPELINE_NOT_FOUND"
	Inactive           Code = "PIPELINE_INACTIVE"
	NameTaken          Code = "PIPELINE_NAME_TAKEN"
	NameInvalid        Code = "PIPELINE_NAME_INVALID"
	DescriptionInvalid Code = "PIPELINE_DESCRIPTION_INVALID"
	VersionConflict    Code = "PIPELINE_VERSION_CONFLICT"
	DefinitionInvalid  Code = "DEFINITION_INVALID"
	StepFailed         Code = "STEP_FAILED"
	Overloaded         Code = "OVERLOADED"
)

// A Refusal is an expected no: part of the answer to whoever asked, where an
// error is a failure to answer. It is an error so that it can travel as one.
type Refusal struct {
	Code       Code
	Message    string
	Field      []string      // the path to the field at fault; nil when there is none
	RetryAfter time.Duration // zero where trying again does not help
}

// Refuse returns a refusal with a message for people.
func Refuse(code Code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// At returns r with the path to the field at fault.
func (r *Refusal) At(field ...string) *Refusal {
	r.Field = field
	return r
}

// Error returns the code and the message.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

// Refusals are several reasons to refuse one thing. The first one is found in
// them as any error is.
type Refusals []*Refusal

// Error returns them all.
func (all Refusals) Error() string {
	var text strings.Builder
	for i, one := range all {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(one.Error())
	}
	return text.String()
}

// Unwrap returns each.
func (all Refusals) Unwrap() []error {
	each := make([]error, len(all))
	for i, one := range all {
		each[i] = one
	}
	return each
}
