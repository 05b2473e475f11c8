package document

import (
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// text checks what can be known of a text before it is parsed, and returns how
// many tokens it has. A text with a lexical error is counted up to there: the
// parser tells of it.
func (l Limits) text(text string) (tokens int, excess *gqlerror.Error) {
	if excess := check("characters", utf8.RuneCountInString(text), l.Characters); excess != nil {
		return 0, excess
	}
	var depth, deepest, longest int
	reader := lexer.New(&ast.Source{Input: text})
	for {
		token, err := reader.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			break
		}
		tokens++
		switch token.Kind {
		case lexer.BraceL, lexer.BracketL:
			depth++
			deepest = max(deepest, depth)
		case lexer.BraceR, lexer.BracketR:
			depth--
		case lexer.Name:
			longest = max(longest, len(token.Value))
		}
	}
	for _, excess := range []*gqlerror.Error{
		check("tokens", tokens, l.Tokens),
		check("nesting", deepest, l.Nesting),
		check("nameLength", longest, l.NameLength),
	} {
		if excess != nil {
			return 0, excess
		}
	}
	return tokens, nil
}
