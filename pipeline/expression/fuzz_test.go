package expression_test

import (
	"testing"

	"barograph/internal/strictjson"
	"barograph/pipeline/expression"
)

// FuzzValue takes JSON through expressions that look at all of it, or at none.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{`1`, `-0.0`, `1e400`, `"\u0000\ud83d\ude00"`, ` [ 1 , {"a":"b"} ] `, `{"":{"é":[null,true]}}`, `9223372036854775808`, `1.5E-7`} {
		f.Add(seed)
	}
	language := newLanguage(f)
	compiled := map[string]*expression.Expression{}
	for _, text := range []string{`payload`, `payload.v`, `{"w": payload.v}`, `merge(payload, {})`, `payload == value`} {
		e, err := language.Compile(text, expression.Any)
		if err != nil {
			f.Fatal(err)
		}
		compiled[text] = e
	}
	f.Fuzz(func(t *testing.T, text string) {
		payload := `{"v":` + text + `}`
		if strictjson.Check([]byte(text)) != nil || strictjson.Check([]byte(payload)) != nil {
			return
		}
		for _, whole := range []string{`payload`, `merge(payload, {})`} {
			if got, err := run(t, compiled[whole], payload); err != nil || got != payload && whole == `payload` || !sameJSON(t, got, payload) {
				t.Fatalf("%s of %q = %q, %v", whole, payload, got, err)
			}
		}
		if got, err := run(t, compiled[`payload.v`], payload); err == nil && !sameJSON(t, got, text) {
			t.Fatalf("payload.v of %q = %q: another value", payload, got)
		}
		if got, err := run(t, compiled[`{"w": payload.v}`], payload); err == nil && !sameJSON(t, got, `{"w":`+text+`}`) {
			t.Fatalf("{w: payload.v} of %q = %q: another value", payload, got)
		}
		if got, err := run(t, compiled[`payload == value`], payload); err == nil && got != "true" {
			t.Fatalf("%q is not equal to itself", payload)
		}
	})
}

// FuzzCompile compiles what it finds, and runs it.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`payload.a + 1`, `merge(payload, {"x": value.l.map(i, i * 2.5)})`, `payload.l.exists(x, x in [1, 2]) ? "a" : string(now)`,
		`payload.s.replace("a", "b").split("").join(",").matches("^b")`, `payload.?x.optMap(x, [x] + x).orValue([])`, `sum(payload.l) / 0`,
	} {
		f.Add(seed)
	}
	language := newLanguage(f)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := language.Compile(text, expression.Any)
		if err != nil {
			return
		}
		got, err := run(t, e, `{"a":1,"s":"aaa","l":[1,2.5],"o":{"k":null}}`)
		if err == nil && strictjson.Check([]byte(got)) != nil {
			t.Fatalf("%q = %q: not JSON", text, got)
		}
	})
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	x, err := strictjson.Canonical([]byte(a))
	if err != nil {
		t.Fatalf("canonical form of %q: %v", a, err)
	}
	y, err := strictjson.Canonical([]byte(b))
	if err != nil {
		t.Fatalf("canonical form of %q: %v", b, err)
	}
	return string(x) == string(y)
}
