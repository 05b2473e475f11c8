package document_test

import (
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/graph/cost"
	"barograph/graph/document"
	"barograph/graph/generated"
)

var schema = generated.NewExecutableSchema(generated.Config{}).Schema()

// TestNoDocumentWithinTheLimitsIsSlow tries what makes validations slow, in all
// sizes: the worst of a kind may be one of those that are let through, or one
// that is refused late.
func TestNoDocumentWithinTheLimitsIsSlow(t *testing.T) { //nolint:paralleltest // it takes times
	const most = 200 * time.Millisecond * slowdown
	table := cost.New(schema, nil)
	for _, h := range hostiles() {
		var worst time.Duration
		worstSize, outcome := 0, ""
		for n := 1; n < 6000; n += max(1, n/finer) {
			text := h.text(n)
			if len(text) > document.Defaults.Characters+1000 {
				break
			}
			took, how := begin(table, text)
			for range 2 { // the machine may have had other things to do
				if took > most/4 {
					again, _ := begin(table, text)
					took = min(took, again)
				}
			}
			if took > worst {
				worst, worstSize, outcome = took, n, how
			}
		}
		t.Logf("%6.1f ms  %s, at %d: %.80s", float64(worst.Microseconds())/1000, h.name, worstSize, outcome)
		if worst > most {
			t.Errorf("%s of size %d: took %v, want at most %v", h.name, worstSize, worst, most)
		}
	}
}

// begin takes the time of all that comes before the first resolver, and of
// gathering the fields of every selection.
func begin(table *cost.Table, text string) (took time.Duration, outcome string) {
	documents := document.New(schema, document.Config{})
	start := time.Now()
	prepared, errs := documents.Prepare(text)
	if errs != nil {
		return time.Since(start), errs[0].Message
	}
	parsed := prepared.For("", true)
	operation := &graphql.OperationContext{Doc: parsed, Operation: parsed.Operations[0], Variables: map[string]any{}}
	if c, err := table.Of(operation.Operation, nil); err != nil || (cost.Limits{}).Check(c) != nil {
		return time.Since(start), "costs too much"
	}
	collect(operation, operation.Operation.SelectionSet, map[*ast.Selection]bool{})
	return time.Since(start), "begins"
}

func collect(operation *graphql.OperationContext, set ast.SelectionSet, seen map[*ast.Selection]bool) {
	if len(set) == 0 || seen[&set[0]] {
		return
	}
	seen[&set[0]] = true
	for _, f := range graphql.CollectFields(operation, set, nil) {
		collect(operation, f.Selections, seen)
	}
}
