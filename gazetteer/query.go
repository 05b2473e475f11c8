package gazetteer

import (
	"strings"
	"unicode/utf8"

	"barograph/gazetteer/internal/fold"
)

// maxQuery is how many characters a name may have. The longest in the data has
// fewer than a hundred; anything longer than this is not a name.
const maxQuery = 200

// A reading is one way to understand what a client typed: a folded name, and the
// region keys of where the city is to be.
type reading struct {
	name  string
	where []string
}

// readings returns the ways to understand s, likeliest first: that its last two
// parts say where the city is, that its last one does, and that all of it is the
// name, for a name may itself hold a comma. There are none for what is empty or too
// long to be a name.
func readings(s string) []reading {
	if len(s) > maxQuery*utf8.UTFMax || utf8.RuneCountInString(s) > maxQuery {
		return nil
	}
	var parts []string
	for part := range strings.FieldsFuncSeq(s, comma) {
		if folded := fold.Name(part); folded != "" {
			parts = append(parts, folded)
		}
	}
	var all []reading
	for names := max(1, len(parts)-2); names <= len(parts); names++ {
		r := reading{name: strings.Join(parts[:names], " ")}
		for _, part := range parts[names:] {
			r.where = append(r.where, regionKey(part))
		}
		all = append(all, r)
	}
	return all
}

// comma reports whether r is a comma in any of the scripts people type.
func comma(r rune) bool {
	switch r {
	case ',', '，', '、', '،':
		return true
	}
	return false
}
