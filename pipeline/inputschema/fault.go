package inputschema

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

var printer = message.NewPrinter(language.English)

// compileFaults returns what is wrong with a schema, without what the validator
// has to say about itself.
func compileFaults(err error) error {
	var (
		invalid   *jsonschema.SchemaValidationError
		detail    *jsonschema.ValidationError
		regex     *jsonschema.InvalidRegexError
		elsewhere *jsonschema.LoadURLError
		pointer   *jsonschema.JSONPointerNotFoundError
		anchor    *jsonschema.AnchorNotFoundError
	)
	switch {
	case errors.As(err, &invalid) && errors.As(invalid.Err, &detail):
		return faultsOf(detail)
	case errors.As(err, &regex):
		return Faults{{pathOf(regex.URL), "the pattern is no regular expression: " + shown(regex.Err.Error())}}
	case errors.As(err, &elsewhere):
		return Faults{{nil, "a schema refers to nothing outside of itself, and " + shown(elsewhere.URL) + " is"}}
	case errors.As(err, &pointer):
		return Faults{{nil, "there is nothing at " + shown(pointer.URL)}}
	case errors.As(err, &anchor):
		return Faults{{nil, "there is no anchor " + shown(anchor.Reference)}}
	}
	return Faults{{nil, "not a schema that is understood: " + shown(err.Error())}}
}

// faultsOf returns the causes of an error, those that say most.
func faultsOf(err *jsonschema.ValidationError) Faults {
	var faults Faults
	var gather func(*jsonschema.ValidationError)
	gather = func(e *jsonschema.ValidationError) {
		if len(faults) == faultLimit {
			return
		}
		words := ""
		switch k := e.ErrorKind.(type) {
		case *kind.AnyOf:
			words = "it is as none of the alternatives of anyOf wants it"
		case *kind.OneOf:
			words = "it is as none of the alternatives of oneOf wants it"
			if len(k.Subschemas) > 0 {
				words = "it is as more than one of the alternatives of oneOf wants it"
			}
		case *kind.Not:
			words = "it is as it must not be"
		case *kind.FalseSchema:
			words = "nothing may be here"
		case *kind.Format:
			if words = e.ErrorKind.LocalizedString(printer); errors.Is(k.Err, errNotAllowed) {
				words = errNotAllowed.Error()
			}
		default:
			if len(e.Causes) > 0 {
				for _, cause := range e.Causes {
					gather(cause)
				}
				return
			}
			words = e.ErrorKind.LocalizedString(printer)
		}
		faults = append(faults, Fault{slices.Clone(e.InstanceLocation), shown(words)})
	}
	gather(err)
	// The validator takes members in no order.
	slices.SortStableFunc(faults, func(a, b Fault) int {
		if by := slices.Compare(a.Path, b.Path); by != 0 {
			return by
		}
		return strings.Compare(a.Message, b.Message)
	})
	return faults
}

const messageLimit = 200

func shown(message string) string {
	message = strings.ReplaceAll(strings.ReplaceAll(message, location, ""), base, "")
	if len(message) > messageLimit {
		message = strings.ToValidUTF8(message[:messageLimit], "") + "…"
	}
	return message
}

// pathOf returns the path within the schema that a location has.
func pathOf(location string) []string {
	_, fragment, _ := strings.Cut(location, "#")
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	var path []string
	for _, part := range strings.Split(strings.TrimPrefix(fragment, "/"), "/") {
		if part != "" {
			path = append(path, strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
		}
	}
	return path
}
