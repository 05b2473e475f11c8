// Package document prepares the text of GraphQL documents for execution: it
// refuses those that would cost too much to read, parses and validates the
// others, and keeps what it has prepared. It checks the values that are given to an
// operation's variables. Which operation of a document runs, and at what cost, is
// for others.
package document

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/99designs/gqlgen/graphql/errcode"
)

// Config says which documents are prepared, and how.
type Config struct {
	Limits     Limits // zero ones are those of Defaults
	HideSchema bool   // refuses introspection, and suggests no names in errors
}

// Documents prepare documents of one schema. They are safe for concurrent use.
type Documents struct {
	schema *ast.Schema
	limits Limits
	rules  rules
	hidden bool // whether errors suggest no names
	kept   *cache
}

// New returns what prepares documents of the schema.
func New(schema *ast.Schema, config Config) *Documents {
	return &Documents{
		schema: schema,
		limits: config.Limits.orDefaults(),
		rules:  rulesOf(config.HideSchema),
		hidden: config.HideSchema,
		kept:   newCache(),
	}
}

// A Document is valid, within the limits, and shared: nobody may change it.
type Document struct {
	whole *ast.QueryDocument
	plain *ast.QueryDocument // without @defer; the same when there was none
	size  int                // an estimate of the bytes that it takes
}

// For returns the document in the form in which the operation of that name is
// to be executed: with @defer only where the answer may come in parts, and the
// operation is a query.
func (d *Document) For(name string, incremental bool) *ast.QueryDocument {
	if operation := d.whole.Operations.ForName(name); incremental && operation != nil && operation.Operation == ast.Query {
		return d.whole
	}
	return d.plain
}

// Prepare returns the document of a text, or why there is none. Only what could
// be prepared is kept.
func (d *Documents) Prepare(text string) (*Document, gqlerror.List) {
	if known := d.kept.find(text); known != nil {
		return known, nil
	}
	prepared, errs := d.prepare(text)
	if len(errs) > 0 {
		return nil, Shorten(errs)
	}
	d.kept.keep(text, prepared)
	return prepared, nil
}

// prepare does so from the cheapest check to the dearest: each rests on the
// bounds that those before it have set.
func (d *Documents) prepare(text string) (*Document, gqlerror.List) {
	tokens, excess := d.limits.text(text)
	if excess != nil {
		return nil, gqlerror.List{excess}
	}
	parsed, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		failure := gqlerror.Wrap(err)
		if known, ok := err.(*gqlerror.Error); ok { //nolint:errorlint // what the parser returns
			failure = known
		}
		failure.Err = nil
		errcode.Set(failure, errcode.ParseFailed)
		return nil, gqlerror.List{failure}
	}
	if len(parsed.Operations) == 0 {
		return nil, gqlerror.List{invalid("no operation provided", nil)}
	}
	if excess := d.limits.structure(parsed); excess != nil {
		return nil, gqlerror.List{excess}
	}
	if errs := d.rules.validate(d.schema, parsed, d.limits.Errors); len(errs) > 0 {
		return nil, errs
	}
	if errs := merge(d.schema, parsed, d.limits); len(errs) > 0 {
		return nil, errs
	}
	prepared := &Document{whole: parsed, plain: withoutDefer(parsed), size: len(text) + tokens*bytesPerToken}
	if prepared.plain != prepared.whole {
		prepared.size += tokens * bytesPerToken
	}
	return prepared, nil
}

func invalid(message string, position *ast.Position) *gqlerror.Error {
	err := &gqlerror.Error{Message: message}
	if position != nil {
		err.Locations = []gqlerror.Location{{Line: position.Line, Column: position.Column}}
	}
	errcode.Set(err, errcode.ValidationFailed)
	return err
}
