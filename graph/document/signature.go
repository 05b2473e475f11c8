package document

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// signature returns a text that fields with the same arguments have in common,
// in whatever order these are written.
func (m *merger) signature(f *ast.Field) string {
	if len(f.Arguments) == 0 {
		return ""
	}
	known, ok := m.signatures[f]
	if !ok {
		arguments := slices.SortedFunc(slices.Values(f.Arguments), func(a, b *ast.Argument) int { return strings.Compare(a.Name, b.Name) })
		var text strings.Builder
		for _, a := range arguments {
			text.WriteString(a.Name + ":")
			writeValue(&text, a.Value)
		}
		known = text.String()
		m.signatures[f] = known
	}
	return known
}

func writeValue(text *strings.Builder, v *ast.Value) {
	children := v.Children
	if v.Kind == ast.ObjectValue {
		children = slices.SortedFunc(slices.Values(children), func(a, b *ast.ChildValue) int { return strings.Compare(a.Name, b.Name) })
	}
	text.WriteString(strconv.Itoa(int(v.Kind)) + strconv.Quote(v.Raw) + "(")
	for _, child := range children {
		text.WriteString(child.Name + ":")
		writeValue(text, child.Value)
	}
	text.WriteByte(')')
}
