package document

import (
	"fmt"
	"math"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/internal/fault"
)

// Limits bound what a document may ask of those who read it. All are counted as
// the document is written, but for those that say otherwise.
type Limits struct {
	Characters            int // of the text
	Tokens                int // of the text, comments among them
	NameLength            int // of every name, in characters
	Nesting               int // of braces and brackets, of selections and of values alike
	Operations            int // of the document
	Fragments             int // of the document
	Variables             int // of one operation
	Depth                 int // of fields within fields, through fragments
	RootFields            int // of one operation, through fragments
	Aliases               int // of the document
	Directives            int // of the document
	DirectivesPerLocation int // of one field, fragment, spread, operation or variable
	ValidationSteps       int // of walking the document from each operation and each fragment
	FieldsPerKey          int // that answer under one key, through fragments
	KeysPerSelection      int // that one object answers with, through fragments
	MergeSteps            int // of finding which fields answer under one key
	Errors                int // of validation that are told
}

// Defaults are the limits of who says nothing else. Within them, no document
// takes more than 200 ms to refuse or to begin: docs/limits.md tells why each is
// what it is.
var Defaults = Limits{
	Characters:            300_000,
	Tokens:                4000,
	NameLength:            500,
	Nesting:               100,
	Operations:            20,
	Fragments:             100,
	Variables:             200,
	Depth:                 20,
	RootFields:            200,
	Aliases:               200,
	Directives:            100,
	DirectivesPerLocation: 5,
	ValidationSteps:       50_000,
	FieldsPerKey:          100,
	KeysPerSelection:      300,
	MergeSteps:            50_000,
	Errors:                20,
}

// orDefaults returns the limits with a default for each that is not set.
func (l Limits) orDefaults() Limits {
	for _, limit := range []struct {
		value    *int
		fallback int
	}{
		{&l.Characters, Defaults.Characters},
		{&l.Tokens, Defaults.Tokens},
		{&l.NameLength, Defaults.NameLength},
		{&l.Nesting, Defaults.Nesting},
		{&l.Operations, Defaults.Operations},
		{&l.Fragments, Defaults.Fragments},
		{&l.Variables, Defaults.Variables},
		{&l.Depth, Defaults.Depth},
		{&l.RootFields, Defaults.RootFields},
		{&l.Aliases, Defaults.Aliases},
		{&l.Directives, Defaults.Directives},
		{&l.DirectivesPerLocation, Defaults.DirectivesPerLocation},
		{&l.ValidationSteps, Defaults.ValidationSteps},
		{&l.FieldsPerKey, Defaults.FieldsPerKey},
		{&l.KeysPerSelection, Defaults.KeysPerSelection},
		{&l.MergeSteps, Defaults.MergeSteps},
		{&l.Errors, Defaults.Errors},
	} {
		if *limit.value <= 0 {
			*limit.value = limit.fallback
		}
	}
	return l
}

// Most is what counts stop at: it stands for itself and anything above it. The
// product of two counts does not overflow, and JavaScript can read it.
const Most = math.MaxInt32

// Exceeded returns the error of a request that asks for more than one may: the
// name of the limit, what was found, and what is allowed.
func Exceeded(limit string, found, allowed int) *gqlerror.Error {
	message := fmt.Sprintf("%s: %d found, %d allowed", limit, found, allowed)
	if found >= Most {
		message = fmt.Sprintf("%s: %d or more found, %d allowed", limit, found, allowed)
	}
	return &gqlerror.Error{
		Message: message,
		Extensions: map[string]any{
			"code": fault.LimitExceeded.Code(), "limit": limit, "found": found, "allowed": allowed,
		},
	}
}

// check returns the error of a count above its limit, or nil.
func check(limit string, found, allowed int) *gqlerror.Error {
	if found <= allowed {
		return nil
	}
	return Exceeded(limit, found, allowed)
}
