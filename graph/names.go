package graph

import (
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/operation"
)

const (
	namesLimit = 64 // of operations that metrics tell apart
	nameLength = 64 // of one of them
)

// Names that no document can have.
const (
	anonymous = "(anonymous)"
	other     = "(other)"
	unread    = "(unread)" // the document could not be read so far as to know
)

// names are those of the operations that metrics and traces tell apart. Clients
// choose them, so that there is a limit: what comes later is (other).
type names struct {
	mu    sync.RWMutex
	known map[nameKey]*name // guarded by mu
}

type nameKey struct {
	kind ast.Operation
	name string
}

// A name is what is shown of an operation, and what is said of it in metrics
// and traces.
type name struct {
	title     string
	operation *operation.Operation
	labels    metric.MeasurementOption
	count     []metric.AddOption    // labels, made once
	measure   []metric.RecordOption // labels, made once
	span      []trace.SpanStartOption
}

func newNames() *names { return &names{known: map[nameKey]*name{}} }

// of returns the name of an operation, nil for one that is not known.
func (n *names) of(document *ast.OperationDefinition) *name {
	key := nameKey{kind: "none", name: unread}
	if document != nil {
		key = nameKey{document.Operation, document.Name}
	}
	switch {
	case key.name == "":
		key.name = anonymous
	case len(key.name) > nameLength:
		key.name = other
	}
	n.mu.RLock()
	known, full := n.known[key], len(n.known) >= namesLimit
	n.mu.RUnlock()
	if known != nil {
		return known
	}
	if full {
		key.name = other
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known[key] == nil {
		n.known[key] = newName(key)
	}
	return n.known[key]
}

func newName(key nameKey) *name {
	title := string(key.kind) + " " + key.name
	if key.name == unread {
		title = "request"
	}
	kind := attribute.String("graphql.operation.type", string(key.kind))
	both := attribute.NewSet(kind, attribute.String("graphql.operation.name", key.name))
	labels := metric.WithAttributeSet(both)
	return &name{
		title:     title,
		operation: operation.New(title),
		labels:    labels,
		count:     []metric.AddOption{labels},
		measure:   []metric.RecordOption{labels},
		span:      []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(both.ToSlice()...)},
	}
}
