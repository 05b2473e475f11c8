package settings

import (
	"errors"
	"fmt"
	"reflect"
	"time"
)

// GraphQL says which operations run, and how long. docs/limits.md tells of each
// limit.
type GraphQL struct {
	Introspection    string        `default:"auto" enum:"auto,on,off" env:"BAROGRAPH_INTROSPECTION" help:"Whether operations may ask for the schema, and errors suggest names: on, off, or auto, which is on for development."`
	UpstreamReport   string        `default:"auto" enum:"auto,on,off" env:"BAROGRAPH_UPSTREAM_REPORT" help:"Whether requests with the header X-Barograph-Upstream: 1 are told what loading took: ${enum}. auto is on for development."`
	OperationTimeout time.Duration `default:"${operation_timeout}" env:"BAROGRAPH_OPERATION_TIMEOUT" placeholder:"DURATION" help:"How long an operation may take, all that is deferred included. Subscriptions have no limit."`

	Federation bool `env:"BAROGRAPH_FEDERATION" help:"Serve as a subgraph of Apollo Federation too: _service and _entities."`

	PersistedQueries     bool   `default:"true" negatable:"" env:"BAROGRAPH_PERSISTED_QUERIES" help:"Let clients send documents once, and name them by their hash from then on."`
	TrustedDocuments     string `env:"BAROGRAPH_TRUSTED_DOCUMENTS" type:"path" placeholder:"FILE" help:"A manifest of trusted documents, as Apollo's or Relay's tools write it."`
	TrustedDocumentsMode string `default:"prefer" enum:"off,prefer,require" env:"BAROGRAPH_TRUSTED_DOCUMENTS_MODE" help:"What trusted documents are for: off, they are ignored; prefer, they may be named, and others are logged; require, nothing else runs."`

	CostLimit         int    `default:"${cost_limit}" env:"BAROGRAPH_COST_LIMIT" placeholder:"N" help:"What an operation may cost, by @cost and @listSize in the schema."`
	AnswerFieldsLimit int    `default:"${answer_fields_limit}" env:"BAROGRAPH_ANSWER_FIELDS_LIMIT" placeholder:"N" help:"How many fields an answer may have, those of lists for each item."`
	AnswerErrorsLimit int    `default:"${answer_errors_limit}" env:"BAROGRAPH_ANSWER_ERRORS_LIMIT" placeholder:"N" help:"How many errors an answer tells."`
	Limits            Limits `embed:"" prefix:"limit-" envprefix:"BAROGRAPH_LIMIT_"`
}

// Limits bound what a document may ask of those who read it. The fields are
// those of graph/document's.
type Limits struct {
	Characters            int `default:"${limit_Characters}" env:"CHARACTERS" placeholder:"N" help:"Of a document: characters."`
	Tokens                int `default:"${limit_Tokens}" env:"TOKENS" placeholder:"N" help:"Of a document: tokens, comments among them."`
	NameLength            int `default:"${limit_NameLength}" env:"NAME_LENGTH" placeholder:"N" help:"Of a document: characters of one name."`
	Nesting               int `default:"${limit_Nesting}" env:"NESTING" placeholder:"N" help:"Of a document: braces and brackets within one another."`
	Operations            int `default:"${limit_Operations}" env:"OPERATIONS" placeholder:"N" help:"Of a document: operations."`
	Fragments             int `default:"${limit_Fragments}" env:"FRAGMENTS" placeholder:"N" help:"Of a document: fragments."`
	Variables             int `default:"${limit_Variables}" env:"VARIABLES" placeholder:"N" help:"Of an operation: variables."`
	Depth                 int `default:"${limit_Depth}" env:"DEPTH" placeholder:"N" help:"Of an operation: fields within one another, through fragments."`
	RootFields            int `default:"${limit_RootFields}" env:"ROOT_FIELDS" placeholder:"N" help:"Of an operation: fields at its root, through fragments."`
	Aliases               int `default:"${limit_Aliases}" env:"ALIASES" placeholder:"N" help:"Of a document: aliases."`
	Directives            int `default:"${limit_Directives}" env:"DIRECTIVES" placeholder:"N" help:"Of a document: directives."`
	DirectivesPerLocation int `default:"${limit_DirectivesPerLocation}" env:"DIRECTIVES_PER_LOCATION" placeholder:"N" help:"Of a document: directives at one place."`
	ValidationSteps       int `default:"${limit_ValidationSteps}" env:"VALIDATION_STEPS" placeholder:"N" help:"Of a document: selections and values to validate, from each operation and each fragment."`
	FieldsPerKey          int `default:"${limit_FieldsPerKey}" env:"FIELDS_PER_KEY" placeholder:"N" help:"Of a document: fields that answer under one key, through fragments."`
	KeysPerSelection      int `default:"${limit_KeysPerSelection}" env:"KEYS_PER_SELECTION" placeholder:"N" help:"Of a document: keys that one object answers with, through fragments."`
	MergeSteps            int `default:"${limit_MergeSteps}" env:"MERGE_STEPS" placeholder:"N" help:"Of a document: steps to find which fields answer under one key."`
	Errors                int `default:"${limit_Errors}" env:"ERRORS" placeholder:"N" help:"Of a document that is not valid: errors that are told."`
}

// validate returns an error for a limit that would let nothing through.
func (s *GraphQL) validate() error {
	if s.CostLimit < 1 || s.AnswerFieldsLimit < 1 || s.AnswerErrorsLimit < 1 || s.OperationTimeout <= 0 {
		return errors.New("--cost-limit, --answer-fields-limit, --answer-errors-limit and --operation-timeout must be above zero")
	}
	limits := reflect.ValueOf(s.Limits)
	for i := range limits.NumField() {
		if limits.Field(i).Int() < 1 {
			return fmt.Errorf("the limit of %s must be above zero", limits.Type().Field(i).Name)
		}
	}
	if s.TrustedDocuments == "" && s.TrustedDocumentsMode == "require" {
		return errors.New("--trusted-documents-mode is require, and --trusted-documents names no manifest")
	}
	return nil
}
