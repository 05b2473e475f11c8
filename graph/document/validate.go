package document

import (
	"fmt"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// enough is what ends a validation that has found as many errors as are told.
type enough struct{}

// validate returns what is wrong with a document. It stops at so many errors,
// as the rules look for names to suggest at each: a document full of errors would
// take longer than any other.
func (r rules) validate(schema *ast.Schema, document *ast.QueryDocument, most int) (errs gqlerror.List) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case enough{}: // a rule cannot be stopped otherwise
			errs = append(errs, stopped(most))
		default:
			panic(p)
		}
	}()
	observers := &core.Events{}
	for _, rule := range r {
		rule.RuleFunc(observers, func(options ...core.ErrorOption) {
			if len(errs) == most {
				panic(enough{})
			}
			err := &gqlerror.Error{Rule: rule.Name}
			for _, option := range options {
				option(err)
			}
			errcode.Set(err, errcode.ValidationFailed)
			errs = append(errs, err)
		})
	}
	core.Walk(schema, document, observers)
	return errs
}

func stopped(most int) *gqlerror.Error {
	return invalid(fmt.Sprintf("more errors are left out: validation stops after %d", most), nil)
}
