package apikey_test

import (
	"strings"
	"testing"

	"barograph/auth/apikey"
)

func FuzzParseID(f *testing.F) {
	body := "barograph_abcdefghij_" + strings.Repeat("a", 40)
	f.Add(body + apikey.Checksum(body))
	f.Add("barograph__")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := apikey.ParseID(text)
		if !ok {
			return
		}
		body := text[:len(text)-len(apikey.Checksum(""))]
		if !strings.HasPrefix(text, apikey.Prefix+id+"_") || body+apikey.Checksum(body) != text {
			t.Errorf("ParseID(%q) = %q", text, id)
		}
		if again, ok := apikey.ParseGlobalID((&apikey.Key{ID: id}).GlobalID()); !ok || again != id {
			t.Errorf("the global id of %q is of %q", id, again)
		}
	})
}
