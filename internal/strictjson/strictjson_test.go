package strictjson_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"barograph/internal/strictjson"
)

func TestCheckRefusesWhatTwoReadersCouldTakeDifferently(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text string
		ok   bool
	}{
		"an object":                  {`{"a":1}`, true},
		"a lone scalar":              {`"x"`, true},
		"space around":               {" \n{} \t", true},
		"a surrogate pair":           {`"\ud83d\ude00"`, true},
		"64 levels":                  {strings.Repeat("[", 64) + strings.Repeat("]", 64), true},
		"nothing":                    {``, false},
		"only space":                 {`  `, false},
		"two values":                 {`{} {}`, false},
		"garbage behind":             {`{}x`, false},
		"duplicate names":            {`{"a":1,"a":2}`, false},
		"names equal once unescaped": {`{"a":1,"\u0061":2}`, false},
		"a lone high surrogate":      {`"\ud800"`, false},
		"a lone low surrogate":       {`"\udc00x"`, false},
		"bad UTF-8":                  {"\"\xff\"", false},
		"a byte order mark":          {"\xef\xbb\xbf{}", false},
		"65 levels":                  {strings.Repeat("[", 65) + strings.Repeat("]", 65), false},
		"NaN":                        {`NaN`, false},
		"a leading zero":             {`01`, false},
		"an unfinished object":       {`{"a":`, false},
		"a trailing comma":           {`[1,]`, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := strictjson.Check([]byte(c.text)); (err == nil) != c.ok {
				t.Errorf("Check(%.40q) = %v, want ok %t", c.text, err, c.ok)
			}
		})
	}
}

func TestCheckDoesNotRepeatTheText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"secret":1,"secret":2}`, `{"k":"secret`, `secret`, `{} "secret"`} {
		if err := strictjson.Check([]byte(text)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Check(%q) = %v, want an error without the text", text, err)
		}
	}
}

func TestUnmarshalKeepsEveryDigit(t *testing.T) {
	t.Parallel()
	const text = `{"n":9007199254740993.10}`
	var v any
	if err := strictjson.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	got, err := strictjson.Marshal(v)
	if err != nil || string(got) != text {
		t.Errorf("Marshal(Unmarshal(%s)) = %s, %v", text, got, err)
	}
}

func TestMarshalEscapesNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	const text = "\u2028<&>é\\u2028"
	got, err := strictjson.Marshal(text)
	if want := "\"\u2028<&>é\\\\u2028\""; err != nil || string(got) != want {
		t.Errorf("Marshal(%q) = %s, %v, want %s", text, got, err, want)
	}
}

func TestObjectKeepsItsMembersToTheByte(t *testing.T) {
	t.Parallel()
	got, err := strictjson.Object(map[string]json.RawMessage{"b": json.RawMessage(`1.50`), "a\"": json.RawMessage(`"\u2028"`)})
	if want := `{"a\"":"\u2028","b":1.50}`; err != nil || string(got) != want {
		t.Errorf("Object = %s, %v, want %s", got, err, want)
	}
	if got, err := strictjson.Object(nil); err != nil || string(got) != "{}" {
		t.Errorf("Object of nothing = %s, %v", got, err)
	}
}

func TestMembersStandAsTheyDoInTheText(t *testing.T) {
	t.Parallel()
	text := []byte(` { "a\u0062" : [1, 2.50] ,"c":{"d":null},"":"\u00e9"}`)
	got, ok := strictjson.Members(text)
	want := map[string]json.RawMessage{"ab": json.RawMessage(`[1, 2.50]`), "c": json.RawMessage(`{"d":null}`), "": json.RawMessage(`"\u00e9"`)}
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("Members = %s, %t", got, ok)
	}
	if _ = append(got["ab"], 'x'); text[bytes.IndexByte(text, ']')+1] == 'x' {
		t.Error("who appends to a member writes over what is behind it")
	}
	if got, ok := strictjson.Members([]byte(`{}`)); !ok || len(got) != 0 {
		t.Errorf("Members of none = %s, %t", got, ok)
	}
	if says, ok := strictjson.Text(nil); !ok || says != "" {
		t.Errorf("Text of what is missing = %q, %t", says, ok)
	}
	for _, text := range []string{``, `null`, ` null `, `[]`, `"{}"`, `1`, `{`, `{"a"`, `{"a":1`, `{"a":1,`} {
		if got, ok := strictjson.Members([]byte(text)); ok {
			t.Errorf("Members(%s) = %s", text, got)
		}
	}
}

// What is checked is read as encoding/json reads it, and is left as it was.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,"x"]}, "\ud83d\ude00":null}`, `{"":"\u0000\/\t"}`, `null`, `"x"`, `{"a":1,"a":2}`, "\t{ }\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strictjson.Check(text) != nil {
			return
		}
		before := bytes.Clone(text)
		got, ok := strictjson.Members(text)
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); ok != (err == nil && want != nil) || len(got) != len(want) {
			t.Fatalf("Members = %s, %t, want %s, %v", got, ok, want, err)
		}
		for name, value := range want {
			if !bytes.Equal(got[name], value) {
				t.Errorf("%q is %s, want %s", name, got[name], value)
			}
			var said string
			err := json.Unmarshal(value, &said)
			if says, ok := strictjson.Text(value); ok != (err == nil) || ok && says != said {
				t.Errorf("%s says %q, %t, want %q, %v", value, says, ok, said, err)
			}
		}
		if !bytes.Equal(text, before) {
			t.Errorf("%q is %q now", before, text)
		}
	})
}

func TestCanonicalIsTheSameForTheSameValue(t *testing.T) {
	t.Parallel()
	cases := map[string][2]string{
		"order and space":    {`{"b":1,"a":[1, 2]}`, `{ "a":[1,2],"b":1 }`},
		"escapes":            {`{"\u0061":"\u00e9\/\u003c"}`, `{"a":"é/<"}`},
		"a decimal point":    {`1500`, `1500.0`},
		"an exponent":        {`1500`, `1.5e3`},
		"a signed exponent":  {`0.015`, `15E-3`},
		"minus zero":         {`0`, `-0.0e7`},
		"a huge exponent":    {`1e1000000000000`, `10e999999999999`},
		"an exponent beyond": {`1e99999999999999999999`, `0.1e100000000000000000000`},
		"a number in text":   {`{"1.0":"1.0"}`, `{"1.0":"1.0" }`},
		"a quote in text":    {`{"a\"1.50":1.50}`, `{"a\u00221.50":1.5}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a, b := canonical(t, c[0]), canonical(t, c[1]); a != b {
				t.Errorf("Canonical(%s) = %s, but Canonical(%s) = %s", c[0], a, c[1], b)
			}
		})
	}
}

func TestCanonicalDiffersForOtherValues(t *testing.T) {
	t.Parallel()
	cases := map[string][2]string{
		"the same double":      {`9007199254740993`, `9007199254740992`},
		"text, not a number":   {`"1"`, `1`},
		"another order":        {`[1,2]`, `[2,1]`},
		"digits of text":       {`"1.0"`, `"1"`},
		"another sign":         {`-1`, `1`},
		"another power of ten": {`1e10`, `1e11`},
		"digits or exponent":   {`15e2`, `1.5e2`},
		"no member or null":    {`{"a":null}`, `{}`},
		"composed or not":      {`"\u00e9"`, `"e\u0301"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a, b := canonical(t, c[0]), canonical(t, c[1]); a == b {
				t.Errorf("Canonical(%s) = Canonical(%s) = %s", c[0], c[1], a)
			}
		})
	}
}

// The example of RFC 8785, section 3.2.3, with the order it asks for.
func TestCanonicalSortsNamesByUTF16(t *testing.T) {
	t.Parallel()
	const text = `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`
	const want = `{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`
	if got := canonical(t, text); got != want {
		t.Errorf("Canonical = %s, want %s", got, want)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{}`, `{"b":[1.50e2,-0],"a":"\""}`, `[1e5,{"x":null}]`, `-12.034e-56`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strictjson.Check(text) != nil {
			return
		}
		once, err := strictjson.Canonical(text)
		if err != nil {
			t.Fatalf("Canonical(%q): %v", text, err)
		}
		if err := strictjson.Check(once); err != nil {
			t.Fatalf("Canonical(%q) = %q, which is not JSON: %v", text, once, err)
		}
		twice, err := strictjson.Canonical(once)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("Canonical(%q) = %q, %v: not canonical yet", once, twice, err)
		}
		if number := strings.TrimSpace(string(text)); len(number) < 40 && strings.ContainsAny(number[:1], "-0123456789") {
			checkSameNumber(t, number, string(once))
		}
	})
}

// checkSameNumber compares by exact arithmetic what is small enough for it.
func checkSameNumber(t *testing.T, number, canonical string) {
	t.Helper()
	if _, exponent, ok := strings.Cut(strings.ToLower(number), "e"); ok && len(exponent) > 4 {
		return
	}
	var a, b big.Rat
	if _, ok := a.SetString(number); !ok {
		return
	}
	if _, ok := b.SetString(canonical); !ok || a.Cmp(&b) != 0 {
		t.Fatalf("Canonical(%s) = %s: another number", number, canonical)
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	got, err := strictjson.Canonical([]byte(text))
	if err != nil {
		t.Fatalf("Canonical(%s): %v", text, err)
	}
	return string(got)
}
