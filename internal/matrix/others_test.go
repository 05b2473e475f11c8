package matrix_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"barograph/internal/gatewaytest"
)

// tryOther tries fields of what is another's: they are answered as what is not
// there, to the last byte.
func (s *stage) tryOther(t *testing.T, c cell, as *gatewaytest.Gateway) (decided int) {
	id := s.id()
	text, _ := s.text(c, own, id)
	nowhere := missing
	if strings.Contains(text, "createPipeline") || strings.Contains(text, "createApiKey") {
		nowhere = nobodys // which is refused as well
	}
	if !strings.Contains(text, own) {
		return 0 // it names none: see tryAny
	}
	if strings.Contains(text, "recordChanged") && len(s.refusals(c)) == 0 {
		return 0 // nothing is told of either, for ever: see the attacks
	}
	foreign, _ := s.ask(t, c, as, other, id)
	if strings.Contains(string(foreign.Data), "secret of "+other) {
		t.Errorf("%s as %q: another's is told: %s", c.route, c.caller.name, foreign.Data)
	}
	none, _ := s.ask(t, c, as, nowhere, id)
	if a, b := told(foreign, other), told(none, nowhere); a != b {
		t.Errorf("%s as %q: another's is answered\n%s\nand nobody's\n%s", c.route, c.caller.name, a, b)
	}
	return len(c.fields)
}

// tryAny tries fields that name no pipeline: whoever is narrowed is told of their
// own alone, and who reaches none is told of none.
func (s *stage) tryAny(t *testing.T, c cell, as, nowhere *gatewaytest.Gateway) (decided int) {
	text, _ := s.text(c, own, "")
	if c.route.root != ast.Query || strings.Contains(text, own) {
		return 0
	}
	if got, _ := s.ask(t, c, as, own, ""); strings.Contains(string(got.Data), other) {
		t.Errorf("%s as %q: another's is told: %s", c.route, c.caller.name, got.Data)
	}
	got, _ := s.ask(t, c, nowhere, own, "")
	var data any
	if err := json.Unmarshal(got.Data, &data); err != nil {
		t.Errorf("%s as %q: %v: %s", c.route, c.caller.name, err, text)
	}
	if !empty(data) || strings.Contains(string(got.Data), own) || strings.Contains(string(got.Data), other) {
		t.Errorf("%s as %q, who reaches nothing: %s", c.route, c.caller.name, got.Data)
	}
	return len(c.fields)
}

// empty reports whether pages and groups have nothing, and so say their counts.
func empty(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, below := range v {
			items, _ := below.([]any)
			count, _ := below.(float64)
			switch name {
			case "nodes", "edges", "groups", "totalCount", "omittedGroups", "omittedRecords":
				if len(items) > 0 || count > 0 {
					return false
				}
			}
			if !empty(below) {
				return false
			}
		}
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !empty(item) })
	}
	return true
}

// told returns an answer about a pipeline without its name.
func told(a gatewaytest.Answer, name string) string {
	slices.SortFunc(a.Errors, func(a, b gatewaytest.Error) int { return strings.Compare(a.Where(), b.Where()) }) // fields are resolved side by side
	return strings.ReplaceAll(fmt.Sprint(string(a.Data), a.Errors), name, "NAME")
}
