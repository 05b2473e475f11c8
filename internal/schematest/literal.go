package schematest

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

var validName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)

// literal returns a value as GraphQL writes it, and whether it can.
func (c *composer) literal(of *ast.Type, value any) (string, bool) {
	switch v := value.(type) {
	case json.RawMessage:
		return "", false // JSON that is to arrive as it is
	case []any:
		item := of
		if of.Elem != nil {
			item = of.Elem
		}
		items := make([]string, len(v))
		for i := range v {
			literal, ok := c.literal(item, v[i])
			if !ok {
				return "", false
			}
			items[i] = literal
		}
		return "[" + strings.Join(items, ", ") + "]", true
	case map[string]any:
		members := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			literal, ok := c.literal(c.memberType(of, name), v[name])
			if !ok || !validName.MatchString(name) {
				return "", false
			}
			members = append(members, name+": "+literal)
		}
		return "{" + strings.Join(members, ", ") + "}", true
	case string:
		if named := c.config.Schema.Types[of.Name()]; named.Kind == ast.Enum && validName.MatchString(v) {
			return v, true
		}
	}
	text, err := json.Marshal(value)
	return string(text), err == nil
}

// memberType returns the type of an object's member: what is in free-form JSON
// has the type of the whole.
func (c *composer) memberType(of *ast.Type, name string) *ast.Type {
	if f := c.config.Schema.Types[of.Name()].Fields.ForName(name); f != nil {
		return f.Type
	}
	return of
}
