package fold_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"barograph/gazetteer/internal/fold"
)

func TestName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                    "",
		"London":              "london",
		"  New   York ":       "new york",
		"São Paulo":           "sao paulo",
		"Sa\u0303o Paulo":     "sao paulo",
		"Łódź":                "lodz",
		"Ærøskøbing":          "aeroskobing",
		"Weißenfels":          "weissenfels",
		"WEIẞENFELS":          "weissenfels",
		"Iğdır":               "igdir",
		"İzmir":               "izmir",
		"Đồng Hới":            "dong hoi",
		"Xi’an":               "xian",
		"St. John's":          "st johns",
		"Donostia / San Seb.": "donostia san seb",
		"Ｐａｒｉｓ":               "paris",
		"Marseille 01":        "marseille 01",
		"-- ":                 "",
		"a\xffb":              "a b",
		"a\xf3ã":              "a a",
		"Москва":              "москва",
	} {
		if got := fold.Name(name); got != want {
			t.Errorf("Name(%q) got %q, want %q", name, got, want)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, seed := range []string{"São Paulo", "a\xff'b", "\u0301", "İ", "ﷺ", "가각", "a ́b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := fold.Name(s)
		if !utf8.ValidString(folded) || strings.TrimSpace(folded) != folded || strings.Contains(folded, "  ") {
			t.Errorf("Name(%q) got %q, which is untidy", s, folded)
		}
		if again := fold.Name(folded); again != folded {
			t.Errorf("Name(%q) got %q, then %q", s, folded, again)
		}
	})
}
