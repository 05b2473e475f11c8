package document

import (
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	messageLength = 300 // bytes of an error's message
	nameLength    = 64  // bytes of a name in an error's path
)

// Shorten bounds the text in errors that quote what a client has sent: nobody
// reads more of it, and it would make the answer as large as the request.
func Shorten(errs gqlerror.List) gqlerror.List {
	for _, err := range errs {
		err.Message = shorten(err.Message, messageLength)
		for i, part := range err.Path {
			if name, ok := part.(ast.PathName); ok {
				err.Path[i] = ast.PathName(shorten(string(name), nameLength))
			}
		}
	}
	return errs
}

func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}
