package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"barograph/internal/strictjson"
	"barograph/pipeline/expression"
)

// A Builder is what a step is built with: it reads options and compiles
// expressions, and gathers what is wrong with them.
type Builder struct {
	languages *languages
	path      []string // to the options that are being read
	faults    *Refusals
	seen      map[string]int
}

// faultLimit is how many faults are told of one definition.
const faultLimit = 20

// Refuse says that the options are at fault, or what is at a path in them.
func (b *Builder) Refuse(message string, path ...string) {
	if len(*b.faults) < faultLimit {
		*b.faults = append(*b.faults, Refuse(DefinitionInvalid, "%s", message).At(slices.Concat(b.path, path)...))
	}
}

// Decode reads options into v, and refuses members that v does not have. It
// reports whether that went well.
func (b *Builder) Decode(options json.RawMessage, v any) bool {
	err := jsonv2.Unmarshal(options, v, jsonv2.RejectUnknownMembers(true))
	if err == nil {
		return true
	}
	var semantic *jsonv2.SemanticError
	if !errors.As(err, &semantic) {
		b.Refuse("not JSON that can be read")
		return false
	}
	path := slices.Collect(semantic.JSONPointer.Tokens())
	switch {
	case errors.Is(err, jsonv2.ErrUnknownName):
		b.Refuse("there is no such member here", path...)
	default:
		b.Refuse(fmt.Sprintf("%s is not what belongs here", kindInWords(semantic.JSONKind.String())), path...)
	}
	return false
}

func kindInWords(kind string) string {
	switch kind {
	case "{", "object":
		return "an object"
	case "[", "array":
		return "a list"
	case "null", "true", "false":
		return kind
	case "number", "string":
		return "this " + kind
	}
	return "this value"
}

// Expression compiles the expression of an option, which must be there, or
// refuses it and returns nil. It may mention payload, value and now.
func (b *Builder) Expression(option, text string, want expression.Type) *expression.Expression {
	return b.expression(b.languages.steps, option, text, want)
}

func (b *Builder) expression(language *expression.Language, option, text string, want expression.Type) *expression.Expression {
	compiled, err := language.Compile(text, want)
	var issues expression.Issues
	switch {
	case errors.As(err, &issues):
		for _, issue := range issues {
			b.Refuse(issue.String(), option)
		}
	case err != nil:
		b.Refuse("the expression cannot be compiled", option)
	}
	return compiled
}

// Member refuses a name that a member, which a step adds, cannot have.
func (b *Builder) Member(option, name string) {
	if !memberPattern.MatchString(name) {
		b.Refuse(badName, option)
	}
}

const badName = "a name is a lower-case letter, and then up to 63 letters, digits and underscores"

// Ordinal returns how many steps of the definition have asked with the same name
// before.
func (b *Builder) Ordinal(name string) int {
	n := b.seen[name]
	b.seen[name]++
	return n
}

// within returns a builder for what is at a path.
func (b *Builder) within(path ...string) *Builder {
	inner := *b
	inner.path = slices.Concat(b.path, path)
	return &inner
}

// between refuses a number that is out of its range.
func (b *Builder) between(option string, value, least, most int64) {
	if value < least || value > most {
		b.Refuse(fmt.Sprintf("%d is not from %d to %d", value, least, most), option)
	}
}

// step builds a step of one of the kinds, nil if that fails.
func (b *Builder) step(text json.RawMessage, kinds []Kind) (Kind, Step) {
	var options map[string]json.RawMessage
	if err := strictjson.Decode(text, &options); err != nil || options == nil {
		b.Refuse("a step is an object")
		return Kind{}, nil
	}
	var name string
	if err := json.Unmarshal(options["kind"], &name); err != nil {
		b.Refuse("a step says its kind", "kind")
		return Kind{}, nil
	}
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		b.Refuse(fmt.Sprintf("there is no kind of step %.80q: there is %s", name, kindNames(kinds)), "kind")
		return Kind{}, nil
	}
	delete(options, "kind")
	rest, err := strictjson.Object(options)
	if err != nil {
		b.Refuse("not JSON that can be read")
		return Kind{}, nil
	}
	before := len(*b.faults)
	step, err := kinds[i].New(rest, b)
	if err != nil && len(*b.faults) == before {
		b.Refuse(err.Error())
	}
	return kinds[i], step
}

func kindNames(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return strings.Join(names, ", ")
}
