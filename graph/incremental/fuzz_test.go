package incremental_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// A writer writes a document as bytes say: any of them is valid.
type writer struct {
	choices   []byte
	text      strings.Builder
	fragments []string
	labels    int
}

func (w *writer) choose(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := int(w.choices[0]) % n
	w.choices = w.choices[1:]
	return c
}

var fields = map[string][]struct{ text, of string }{
	"Query":   {{"__typename", ""}, {`a: city(name: "Oslo")`, "City"}, {`b: cities(names: ["Quito", "Nowhere", "Paris"])`, "City"}, {`c: weather(city: "Oslo")`, "Weather"}, {`d: node(id: "City:3143244")`, "Node"}},
	"Node":    {{"id", ""}, {"__typename", ""}},
	"City":    {{"id", ""}, {"name", ""}, {"country", ""}, {"weather", "Weather"}, {"lima: weather", "Weather"}},
	"Weather": {{"id", ""}, {"timeZone", ""}, {"units", ""}, {"city", "City"}, {"freshness", "Freshness"}},

	"Freshness": {{"provider", ""}, {"simulated", ""}},
}

func (w *writer) selections(of string, depth int) {
	w.text.WriteString("{ __typename ")
	for range 1 + w.choose(4) {
		switch kind := w.choose(8); {
		case kind < 4 || depth > 5:
			f := fields[of][w.choose(len(fields[of]))]
			if depth > 5 {
				f.text, f.of = "__typename", ""
			}
			w.text.WriteString(f.text + " ")
			if f.of != "" {
				w.selections(f.of, depth+1)
			}
		case kind < 7:
			on := of
			if of == "Node" && w.choose(2) == 0 {
				on = "City"
			}
			w.text.WriteString("... on " + on + w.deferring())
			w.selections(on, depth+1)
		default:
			name := fmt.Sprint("F", len(w.fragments))
			w.text.WriteString("..." + name + w.deferring())
			if w.choose(2) == 0 {
				w.text.WriteString("..." + name + " ")
			}
			w.fragments = append(w.fragments, "") // its name is taken
			inner := &writer{choices: w.choices, fragments: w.fragments, labels: w.labels}
			inner.selections(of, depth+1)
			w.choices, w.fragments, w.labels = inner.choices, inner.fragments, inner.labels
			w.fragments = append(w.fragments, "fragment "+name+" on "+of+" "+inner.text.String())
		}
	}
	w.text.WriteString("} ")
}

func (w *writer) deferring() string {
	w.labels++
	switch w.choose(5) {
	case 0:
		return " "
	case 1:
		return " @defer(if: false) "
	case 2:
		return fmt.Sprintf(" @defer(label: \"l%d\") ", w.labels)
	}
	return " @defer "
}

// What is deferred is the answer in one piece, in another order.
func FuzzDefer(f *testing.F) {
	f.Add([]byte{3, 4, 0, 2, 1, 5, 2, 3, 1, 4, 4, 1, 2, 0, 3})
	f.Add([]byte{1, 0, 1, 2, 5, 3, 2, 0, 3, 4, 3, 1, 7, 2, 3, 1, 0, 1, 2, 3, 4})
	f.Add([]byte("a document that defers this and that, here and there, and again"))
	url := serve(f, &provider{})
	f.Fuzz(func(t *testing.T, choices []byte) {
		w := &writer{choices: choices}
		w.selections("Query", 0)
		document := w.text.String() + strings.Join(w.fragments, " ")
		if len(document) > 3000 {
			t.Skip("longer than is quick")
		}
		piece := ask(t.Context(), t, url, document, nil, "application/json").all(t)
		if strings.Contains(piece[0], `"code":"LIMIT_EXCEEDED"`) && !strings.Contains(piece[0], `"data":`) {
			t.Skip("over a limit of documents")
		}
		whole := assemble(t, piece)
		for _, accept := range []string{byID, byPath} {
			texts := ask(t.Context(), t, url, document, nil, accept).all(t)
			if got := assemble(t, texts); !reflect.DeepEqual(got.data, whole.data) || len(got.errors) != len(whole.errors) {
				t.Errorf("%s\n%v %v\nin one piece:\n%v %v\nparts: %q", document, got.data, got.errors, whole.data, whole.errors, texts)
			}
		}
	})
}
