// Package schematest tests a GraphQL server by its schema. It plans operations
// that reach every field of every object type, with every argument given and
// left out and every possible type of an interface or union, asks a running
// server for them, and checks each answer against the schema: nulls, lists,
// enum values, the formats of scalars, and that nothing is missing or more than
// was asked for. A second pass gives every argument values it should not have.
//
// It knows GraphQL and no server: which values arguments take, and which
// formats custom scalars have, is the caller's to say.
package schematest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// Config says what is tested, and with what.
type Config struct {
	Schema *ast.Schema
	URL    string // of the endpoint, for HTTP and, with ws in place of http, for WebSockets

	// Values are what arguments and input fields take.
	Values []Values
	// Trigger makes something happen that a subscription tells of, and is
	// called until it has.
	Trigger func(context.Context) error
	// Formats check the values of custom scalars, by their names.
	Formats map[string]Format
	// Hostile are texts that nearly mean something to the server, such as ids
	// that are not quite right: part of an attack.
	Hostile []any
	// Codes are the error codes that clients may see.
	Codes []string
	// Unseen are what no answer can be expected to have.
	Unseen []Unseen
}

// An Unseen is a nullable field that is always null, as in "Problem.field", or
// an enum value that is neither given nor received, as in "Color.RED".
type Unseen struct{ At, Why string }

// A Suite tests one server. Its methods must not be called concurrently.
type Suite struct {
	config   Config
	routes   map[string]route
	values   *table
	client   client
	coverage *coverage
	failures []Failure
	asked    int // operations
}

// A Failure is an answer that should not be.
type Failure struct {
	Operation string // which, for people
	Document  string
	Variables string // as JSON
	Why       string
}

// String returns what failed and how to see it again.
func (f Failure) String() string {
	const enough = 300
	variables := f.Variables
	if len(variables) > enough {
		variables = variables[:enough] + "…"
	}
	return fmt.Sprintf("%s: %s\n  %s\n  %s", f.Operation, f.Why, f.Document, variables)
}

// New returns a suite that has asked nothing yet.
func New(config Config) *Suite {
	return &Suite{
		config:   config,
		routes:   routesOf(config.Schema),
		values:   newTable(config.Schema, config.Values),
		client:   newClient(config.URL),
		coverage: newCoverage(config.Schema),
	}
}

// Walk asks every field of every type that can be reached, along every field
// that leads to one, with each value of each argument.
func (s *Suite) Walk(ctx context.Context) error {
	for _, t := range s.targets() {
		if err := s.ask(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// Ask asks one field again, named as in "Query.weather": in a situation, it may
// answer what it did not in another.
func (s *Suite) Ask(ctx context.Context, field string) error {
	for _, t := range s.targets() {
		if t.name() == field {
			return s.ask(ctx, t)
		}
	}
	return fmt.Errorf("there is no field %s to ask", field)
}

func (s *Suite) ask(ctx context.Context, t target) error {
	calls, err := s.values.calls(t)
	if err != nil {
		return err
	}
	for _, call := range calls {
		for _, literals := range []bool{false, true} {
			op, ok, err := s.compose(t, call, literals, deep)
			if err != nil {
				return err
			}
			if !ok {
				continue // the values cannot be written as literals
			}
			answer, err := s.send(ctx, op)
			if err != nil {
				s.fail(op, "no answer: %v", err)
				continue
			}
			for _, note := range op.notes {
				note(s.coverage)
			}
			s.judge(op, answer)
		}
	}
	return nil
}

// judge checks the answer to an operation in which nothing is wrong.
func (s *Suite) judge(op operation, a answer) {
	for _, e := range a.Errors {
		s.fail(op, "error at %s: %s %s", e.where(), e.code(), e.Message)
	}
	if len(a.Errors) > 0 && a.Data == nil {
		return
	}
	for _, breach := range s.check(op, a.Data, s.coverage) {
		s.fail(op, "%s", breach)
	}
}

// check compares the data of an answer with what was asked for.
func (s *Suite) check(op operation, data json.RawMessage, seen *coverage) []Breach {
	document, errs := gqlparser.LoadQueryWithRules(s.config.Schema, op.text, nil)
	if len(errs) > 0 {
		return []Breach{{Why: "the operation is invalid: " + errs.Error()}}
	}
	return conforms(s.config.Schema, s.config.Formats, document.Operations[0], data, seen)
}

// send sends an operation, a subscription over a WebSocket.
func (s *Suite) send(ctx context.Context, op operation) (answer, error) {
	s.asked++
	if op.root == ast.Subscription {
		return s.client.subscribe(ctx, op, s.config.Trigger)
	}
	return s.client.post(ctx, op)
}

func (s *Suite) fail(op operation, format string, args ...any) {
	variables, _ := json.Marshal(op.variables) // it has been sent
	s.failures = append(s.failures, Failure{op.name, op.text, string(variables), fmt.Sprintf(format, args...)})
}

// A Report says what was asked, and what is wrong.
type Report struct {
	Operations int
	// Fields counts those of object types that answers had, of those there are;
	// and so do the others: what was given and left out, what was received.
	Fields, Arguments, EnumValues, PossibleTypes Count
	// Failures are the answers that should not be.
	Failures []Failure
	// Missed says what has not been reached, or was listed in vain.
	Missed []string
}

// A Count is how many of how many.
type Count struct{ Reached, Exist int }

// String returns the count in words.
func (c Count) String() string { return fmt.Sprintf("%d of %d", c.Reached, c.Exist) }

// Report returns what has come out so far.
func (s *Suite) Report() Report {
	r := s.coverage.report(s.config.Unseen, s.values.spare())
	r.Operations, r.Failures = s.asked, s.failures
	return r
}

// coordinate joins the names of a schema element, as in "Query.city".
func coordinate(names ...string) string { return strings.Join(names, ".") }
