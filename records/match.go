package records

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
)

// A Match is a condition on an attribute. What is nil is no part of it.
type Match struct {
	Attribute string
	Equal     json.RawMessage // a string, a number, true or false
	Over      *float64
	From      *float64
	Below     *float64
	UpTo      *float64
}

// MatchLimit is how many of them a filter may have.
const MatchLimit = 8

const (
	attributeNameLimit = 256  // bytes; more than any pipeline declares
	equalLimit         = 4096 // bytes of JSON
)

// ValidAttribute reports whether there can be an attribute of the name, as far as
// the database can be asked for it.
func ValidAttribute(name string) bool {
	return name != "" && len(name) <= attributeNameLimit && !strings.ContainsRune(name, 0) && utf8.ValidString(name)
}

// Ranges reports whether the match asks for values from one to another.
func (m Match) Ranges() bool {
	return m.Over != nil || m.From != nil || m.Below != nil || m.UpTo != nil
}

// Validate returns why no database can be asked for the match, or nil. The error
// names the part at fault first, as in "eq: …".
func (m Match) Validate() error {
	switch {
	case !ValidAttribute(m.Attribute):
		return fault.New(fault.BadInput, "name: no attribute has such a name")
	case m.Equal == nil && !m.Ranges():
		return fault.New(fault.BadInput, "one of eq, gt, gte, lt and lte is needed")
	case m.Equal == nil:
		return nil
	case len(m.Equal) > equalLimit:
		return fault.New(fault.BadInput, "eq: at most %d bytes of JSON are compared", equalLimit)
	}
	switch m.Equal[0] {
	case '"':
		var text string
		if err := strictjson.Unmarshal(m.Equal, &text); err != nil || strings.ContainsRune(text, 0) {
			return fault.New(fault.BadInput, "eq: no attribute has the character U+0000, or half of one")
		}
	case 't', 'f':
	case '{', '[', 'n':
		return fault.New(fault.BadInput, "eq: an attribute is a string, a number, true or false")
	default:
		// Postgres keeps every digit of a number, but not of every number.
		n, err := strconv.ParseFloat(string(m.Equal), 64)
		if value, _ := strictjson.Canonical(m.Equal); err != nil || n == 0 && string(value) != "0" {
			return fault.New(fault.BadInput, "eq: no attribute is as large or as small a number")
		}
	}
	return nil
}

// conditions adds what the match asks of a record.
func (m Match) conditions(c *conditions) {
	if m.Equal != nil {
		name, _ := json.Marshal(m.Attribute)      // a string
		value, _ := strictjson.Canonical(m.Equal) // JSON; Postgres takes 0e9999999999 for too large
		c.add("r.attributes @> $%d::jsonb", `{`+string(name)+`:`+string(value)+`}`)
	}
	if !m.Ranges() {
		return
	}
	number := numberIn("r.attributes", "$"+strconv.Itoa(c.arg(m.Attribute))+"::text")
	for _, bound := range []struct {
		operator string
		value    *float64
	}{{">", m.Over}, {">=", m.From}, {"<", m.Below}, {"<=", m.UpTo}} {
		if bound.value != nil {
			// As text, since a double that is cast to numeric loses digits.
			c.add(number+" "+bound.operator+" $%d::text::numeric", strconv.FormatFloat(*bound.value, 'g', -1, 64))
		}
	}
}

// numberIn returns the expression for the number that an attribute is, and null
// where it is none. Nothing makes it fail, for it is indexed: a digit too many
// would be a record that cannot be written. The name is an SQL expression too.
func numberIn(attributes, name string) string {
	return fmt.Sprintf(`(case when jsonb_typeof(%[1]s -> %[2]s) = 'number' and length(%[1]s ->> %[2]s) <= 1000 then (%[1]s -> %[2]s)::numeric end)`,
		attributes, name)
}
