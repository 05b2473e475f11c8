package inputschema

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	workLimit    = 1 << 19 // of one check: places of the payload that schemas look at
	patience     = 4096    // units of work between two looks at the clock
	patternLimit = 1000    // bytes
	planLimit    = 1000    // instructions of a pattern
	formatLimit  = 4096    // bytes of a string that has a format
)

// A meter counts the work of a check and breaks it off when that is too much.
type meter struct {
	left, until int
	done        <-chan struct{}
}

// brokenOff is what a meter panics with: the validator cannot be ended otherwise.
type brokenOff struct{}

func (m *meter) begin(ctx context.Context) { *m = meter{workLimit, workLimit - patience, ctx.Done()} }

func (m *meter) work(units int) {
	if m.done == nil && m.left == 0 {
		return // while the schema itself is checked
	}
	if m.left -= units; m.left > m.until {
		return
	}
	m.until = m.left - patience
	select {
	case <-m.done:
		m.left = -1
	default:
	}
	if m.left < 0 {
		panic(brokenOff{})
	}
}

// attach makes a schema and all within it count. The validator looks at a
// schema's format before it follows any of what the schema is made of, so that
// is where the meter sits: the work of a schema at a place is itself, how many
// schemas look at the same place for it, and for each item or member there, how
// many may look at that. What may be at a place is compared there too, by one
// look instead of one for each constant.
func (m *meter) attach(root *jsonschema.Schema) {
	visit(root, func(s *jsonschema.Schema, below []edge) {
		here, within := 1, 1
		for _, e := range below {
			switch e.reach {
			case samePlace:
				here++
			case anyPart:
				within++
			}
		}
		given, allowed := s.Format, constantsOf(s)
		s.Format = &jsonschema.Format{Validate: func(value any) error {
			m.work(here)
			switch value := value.(type) {
			case map[string]any:
				m.work(within * len(value))
			case []any:
				m.work(within * len(value))
			case string:
				m.work(len(value) >> 5)
			}
			if !allowed.have(value, m) {
				return errNotAllowed
			}
			if given == nil {
				return nil
			}
			if text, is := value.(string); is && len(text) > formatLimit {
				return fmt.Errorf("it has more than %d bytes", formatLimit)
			}
			return given.Validate(value)
		}}
		if given != nil {
			s.Format.Name = given.Name
		}
	})
}

// A pattern is a regular expression that takes part in the count.
type pattern struct {
	*regexp.Regexp
	meter *meter
	size  int // instructions
}

// MatchString reports whether a text has a part that is as the pattern says.
func (p *pattern) MatchString(text string) bool {
	p.meter.work(1 + len(text)*p.size>>4)
	return p.Regexp.MatchString(text)
}

// pattern compiles a regular expression of the schema.
func (m *meter) pattern(text string) (jsonschema.Regexp, error) {
	if len(text) > patternLimit {
		return nil, fmt.Errorf("a pattern has at most %d bytes", patternLimit)
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	plan, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(plan.Inst) > planLimit {
		return nil, errors.New("the pattern is too complex")
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	return &pattern{compiled, m, len(plan.Inst)}, nil
}
