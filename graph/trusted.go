package graph

import (
	"cmp"
	"fmt"

	"barograph/graph/document"
	"barograph/graph/federation"
)

// CheckTrusted returns an error that names the first trusted document of the
// configuration that could not run, if there is one.
func CheckTrusted(config Config) error {
	schema := federation.Schema(config.Federation)
	documents := document.New(schema, config.documents())
	for _, o := range config.Persisted.Trusted.Operations() {
		d, errs := documents.Prepare(o.Body)
		if errs != nil {
			return fmt.Errorf("trusted document %s: %s", o, errs[0].Message)
		}
		operation := d.For("", true).Operations.ForName(o.Name)
		if operation == nil || o.Type != "" && string(operation.Operation) != o.Type {
			return fmt.Errorf("trusted document %s: its body has no %s of that name", o, cmp.Or(o.Type, "one operation"))
		}
	}
	return nil
}
