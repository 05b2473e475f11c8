package document

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// text checks what can be known of a text before it is parsed, and returns how
// many tokens it has. It refuses a string that gqlparser would change. A text with a lexical error is counted up to there: the
// parser tells of it.
func (l Limits) text(text string) (tokens int, refusal *gqlerror.Error) {
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
		case lexer.String:
			if broken := brokenEscape(text, token); broken != nil {
				return 0, broken
			}
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

// surrogate is an escape of half a character beyond the first 65 536.
var surrogate = regexp.MustCompile(`\\u[dD][89a-fA-F]`)

// brokenEscape returns an error for a string in which half a character is
// escaped without the other half, which gqlparser would take for U+FFFD: two
// different strings would become one.
func brokenEscape(text string, token lexer.Token) *gqlerror.Error {
	if !strings.ContainsRune(token.Value, utf8.RuneError) || !surrogate.MatchString(text) {
		return nil
	}
	err := &gqlerror.Error{
		Message:   `a string escapes half a character, as in \uD83D: write the whole, as in \u{1F600}`,
		Locations: []gqlerror.Location{{Line: token.Pos.Line, Column: token.Pos.Column}},
	}
	errcode.Set(err, errcode.ParseFailed)
	return err
}
