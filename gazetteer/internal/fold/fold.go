// Package fold reduces the names of places to what people agree on when they
// type them: letters without case or accents, digits, and single spaces. It knows
// nothing of cities; the gazetteer and the program that builds its data share it,
// so that a stored name and a typed one fold alike.
package fold

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain spells the letters that Unicode does not take apart, and the marks inside
// a word that people leave out: Xi'an is Xian, Hawaiʻi is Hawaii.
var plain = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th",
	'ı': "i", 'ħ': "h", 'ŧ': "t", 'ŋ': "ng", 'ə': "e", 'ɓ': "b", 'ɗ': "d", 'ƙ': "k", 'ƴ': "y",
	'\'': "", '’': "", '‘': "", '`': "", '´': "", 'ʼ': "", 'ʻ': "", 'ʿ': "", 'ʾ': "", 'ʹ': "", '′': "",
}

// Name returns s folded: lower case, without accents or apostrophes, anything else
// that is neither letter nor digit made one space, no space at either end. Folding
// twice changes nothing. Invalid UTF-8 counts as punctuation.
func Name(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	write := func(r rune) {
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	// Normalizing does not look past a byte that is not UTF-8.
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		r = unicode.ToLower(r)
		if letters, ok := special(r); ok {
			for _, l := range letters {
				write(l)
			}
			continue
		}
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			write(r)
		default:
			space = true
		}
	}
	return b.String()
}

// special looks r up in plain, past which most letters go without a look.
func special(r rune) (string, bool) {
	if r < unicode.MaxASCII && r != '\'' && r != '`' {
		return "", false
	}
	letters, ok := plain[r]
	return letters, ok
}
