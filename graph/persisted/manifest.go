package persisted

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"barograph/internal/strictjson"
)

// idLength is how long the id of a document may be.
const idLength = 256

// A Manifest has the documents that an operator trusts. A nil one has none.
type Manifest struct {
	operations []Operation
	texts      map[string]string // by id
	known      map[string]bool   // the texts
}

// An Operation is a trusted document. Name and Type are empty where the manifest
// does not tell them.
type Operation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Body string `json:"body"`
}

// String names the operation for people.
func (o Operation) String() string {
	if o.Name == "" {
		return o.ID
	}
	return o.Name + " (" + o.ID + ")"
}

// Operations returns the documents in the order of the manifest.
func (m *Manifest) Operations() []Operation {
	if m == nil {
		return nil
	}
	return m.operations
}

// Open reads the manifest in a file.
func Open(path string) (*Manifest, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator named it
	if err != nil {
		return nil, fmt.Errorf("trusted documents: %w", err)
	}
	m, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("trusted documents in %s: %w", path, err)
	}
	return m, nil
}

// format is what a manifest of Apollo's says of itself.
const format = "apollo-persisted-query-manifest"

// Parse reads a manifest as Apollo's tools write it, or one that maps ids to
// texts, as Relay's compiler does.
func Parse(text []byte) (*Manifest, error) {
	var members map[string]json.RawMessage
	if err := strictjson.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("not a manifest: %w", err)
	}
	var operations []Operation
	if _, apollo := members["format"]; apollo && members["operations"] != nil {
		var manifest struct {
			Format     string
			Version    int
			Operations []Operation
		}
		if err := strictjson.Decode(text, &manifest); err != nil {
			return nil, fmt.Errorf("not a manifest: %w", err)
		}
		if manifest.Format != format || manifest.Version != 1 {
			return nil, fmt.Errorf("the format is %q in version %d, and only %q in version 1 is known", manifest.Format, manifest.Version, format)
		}
		operations = manifest.Operations
	} else {
		for _, id := range slices.Sorted(maps.Keys(members)) {
			o := Operation{ID: id}
			if err := json.Unmarshal(members[id], &o.Body); err != nil {
				return nil, fmt.Errorf("document %q is not a string", id)
			}
			operations = append(operations, o)
		}
	}
	return newManifest(operations)
}

func newManifest(operations []Operation) (*Manifest, error) {
	m := &Manifest{operations: operations, texts: map[string]string{}, known: map[string]bool{}}
	for _, o := range operations {
		switch _, taken := m.texts[o.ID]; {
		case o.ID == "" || len(o.ID) > idLength:
			return nil, fmt.Errorf("operation %s needs an id of 1 to %d bytes", o, idLength)
		case o.Body == "":
			return nil, fmt.Errorf("operation %s has no body", o)
		case taken:
			return nil, fmt.Errorf("operation %s has an id that another has", o)
		}
		m.texts[o.ID], m.known[o.Body] = o.Body, true
	}
	if len(operations) == 0 {
		return nil, errors.New("there are no documents in it")
	}
	return m, nil
}

func (m *Manifest) byID(id string) (text string, known bool) {
	if m == nil || id == "" {
		return "", false
	}
	text, known = m.texts[id]
	return text, known
}

func (m *Manifest) hasText(text string) bool { return m != nil && m.known[text] }
