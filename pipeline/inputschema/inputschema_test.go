package inputschema_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/internal/strictjson"
	"barograph/pipeline/inputschema"
)

func Example() {
	schema, err := inputschema.Compile(json.RawMessage(`{
		"type": "object",
		"required": ["id", "lines"],
		"properties": {"lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number", "minimum": 0}}}}}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(schema.Check(context.Background(), json.RawMessage(`{"id":"a","lines":[{"price":1.5}]}`)))
	fmt.Println(schema.Check(context.Background(), json.RawMessage(`{"id":"a","lines":[{"price":1.5},{"price":-1},{"price":"free"}]}`)))
	_, err = inputschema.Compile(json.RawMessage(`{"properties": {"total": {"type": "money"}}}`))
	fmt.Println(err)
	// Output:
	// <nil>
	// /lines/1/price: minimum: got -1, want 0; /lines/2/price: got string, want number
	// /properties/total/type: it is as none of the alternatives of anyOf wants it
}

func TestCheckIsExact(t *testing.T) {
	t.Parallel()
	cases := []struct {
		schema, value string
		ok            bool
	}{
		{`{"const":9007199254740993}`, `9007199254740993`, true},
		{`{"const":9007199254740993}`, `9007199254740992`, false},
		{`{"const":1}`, `1.0`, true},
		{`{"type":"integer"}`, `1.0`, true},
		{`{"type":"integer"}`, `1.5`, false},
		{`{"multipleOf":0.01}`, `19.99`, true},
		{`{"multipleOf":0.01}`, `19.999`, false},
		{`{"maximum":9007199254740992}`, `9007199254740993`, false},
		{`{"uniqueItems":true}`, `[1,1.0]`, false},
		{`{"uniqueItems":true}`, `[9007199254740993,9007199254740992]`, true},
		{`{"format":"date-time"}`, `"2026-03-01T12:00:00Z"`, true},
		{`{"format":"date-time"}`, `"yesterday"`, false},
		{`{"format":"email"}`, `"a@example.org"`, true},
		{`{"format":"uuid"}`, `"x"`, false},
		{`{"format":"date-time"}`, `7`, true},
		{`{"pattern":"^[A-Z]+$"}`, `"ABC"`, true},
		{`{"pattern":"^[A-Z]+$"}`, `"abc"`, false},
		{`true`, `{}`, true},
		{`false`, `{}`, false},
		{`{"properties":{"a":true},"unevaluatedProperties":false}`, `{"a":1}`, true},
		{`{"properties":{"a":true},"unevaluatedProperties":false}`, `{"a":1,"b":2}`, false},
		{`{"$defs":{"tree":{"type":"object","properties":{"kids":{"items":{"$ref":"#/$defs/tree"}}},"additionalProperties":false}},"$ref":"#/$defs/tree"}`, `{"kids":[{"kids":[]},{}]}`, true},
		{`{"$defs":{"tree":{"type":"object","properties":{"kids":{"items":{"$ref":"#/$defs/tree"}}},"additionalProperties":false}},"$ref":"#/$defs/tree"}`, `{"kids":[{"kids":[{"x":1}]}]}`, false},
		{`{"$defs":{"a":{"$anchor":"money","type":"number"}},"$ref":"#money"}`, `7`, true},
		{`{"$schema":"https://json-schema.org/draft/2020-12/schema","if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}}`, `1`, false},
	}
	for _, c := range cases {
		err := compile(t, c.schema).Check(t.Context(), json.RawMessage(c.value))
		var faults inputschema.Faults
		if (err == nil) != c.ok || (err != nil && !errors.As(err, &faults)) {
			t.Errorf("%s against %s: %v, want ok: %t", c.value, c.schema, err, c.ok)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ schema, want string }{
		"no schema":                {`7`, "/: "},
		"a type that is none":      {`{"properties":{"a":{"type":7}}}`, "/properties/a/type: "},
		"a length that is none":    {`{"maxLength":-1}`, "/maxLength: "},
		"a reference to the web":   {`{"$ref":"http://127.0.0.1:1/x"}`, "refers to nothing outside of itself"},
		"a reference to a file":    {`{"$ref":"file:///etc/passwd"}`, "refers to nothing outside of itself"},
		"a relative reference":     {`{"properties":{"a":{"$ref":"other.json"}}}`, "refers to nothing outside of itself"},
		"a base and a reference":   {`{"$id":"https://example.org/a","$ref":"b"}`, "refers to nothing outside of itself"},
		"a dialect elsewhere":      {`{"$schema":"https://example.org/dialect"}`, "refers to nothing outside of itself"},
		"an older draft":           {`{"$schema":"http://json-schema.org/draft-07/schema#"}`, "only JSON Schema 2020-12"},
		"an older one, within":     {`{"$defs":{"a":{"$id":"x","$schema":"http://json-schema.org/draft-07/schema#"}},"$ref":"x"}`, ""},
		"the schema of schemas":    {`{"$ref":"https://json-schema.org/draft/2020-12/schema"}`, "$dynamicRef"},
		"a dynamic reference":      {`{"$dynamicAnchor":"a","items":{"$dynamicRef":"#a"}}`, "$dynamicRef"},
		"nothing at a reference":   {`{"$ref":"#/$defs/a"}`, "there is nothing at #/$defs/a"},
		"no such anchor":           {`{"$ref":"#a"}`, "there is no anchor"},
		"a reference to itself":    {`{"$ref":"#"}`, "must look further"},
		"a circle":                 {`{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}},"items":{"$ref":"#/$defs/a"}}`, "must look further"},
		"a pattern broken":         {`{"pattern":"("}`, "/pattern: "},
		"a pattern of look-ahead":  {`{"pattern":"(?=a)"}`, "/pattern: "},
		"a pattern too large":      {`{"properties":{"a":{"pattern":"a{1000}b{1000}"}}}`, "too complex"},
		"names too large":          {`{"patternProperties":{"a{1000}b{1000}":true}}`, "too complex"},
		"a number without end":     {`{"maximum":1e999999999}`, "/maximum: a number that a schema checks"},
		"a number with no end too": {`{"const":[` + strings.Repeat("7", 500) + `]}`, "/const/0: a number"},
	}
	for name, c := range cases {
		_, err := inputschema.Compile(json.RawMessage(c.schema))
		var faults inputschema.Faults
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 2000 || strings.Contains(err.Error(), "barograph:") {
			t.Errorf("%s: Compile(%.80s) = %v, want %q", name, c.schema, err, c.want)
		}
	}
}

func TestHostileSchemasEndSoon(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("the race detector takes twenty times as long")
	}
	deep := strings.Repeat(`{"a":`, 60) + `{}` + strings.Repeat(`}`, 60)
	long := `["` + strings.Repeat("x", 200_000) + `"]`
	many := `[` + strings.Repeat("7,", 100_000) + `7]`
	cases := map[string]struct{ schema, value string }{
		"alternatives that double":      {doubling("allOf", `{"type":"object"}`), `{}`},
		"alternatives that all fail":    {doubling("anyOf", `{"type":"string"}`), `{}`},
		"exactly one of them":           {doubling("oneOf", `{"type":"string"}`), `{}`},
		"both ways down":                {`{"$defs":{"x":{"allOf":[{"properties":{"a":{"$ref":"#/$defs/x"}}},{"properties":{"a":{"$ref":"#/$defs/x"}}}]}},"$ref":"#/$defs/x"}`, deep},
		"both ways down, failing":       {`{"$defs":{"x":{"type":"object","minProperties":1,"anyOf":[{"properties":{"a":{"$ref":"#/$defs/x"}}},{"additionalProperties":{"$ref":"#/$defs/x"}}]}},"$ref":"#/$defs/x"}`, deep},
		"a pattern on a long string":    {`{"items":{"allOf":[` + strings.Repeat(`{"pattern":"(x+x+){20}y"},`, 500) + `true]}}`, long},
		"names by many patterns":        {`{"allOf":[` + strings.Repeat(`{"patternProperties":{"(x+x+){20}y":true}},`, 500) + `true]}`, `{` + long[1:len(long)-1] + `:1}`},
		"many constants for many items": {`{"items":{"enum":[` + strings.Repeat(`-1,`, 5000) + `-2]}}`, many},
		"many schemas for many items":   {`{"items":{"allOf":[` + strings.Repeat(`{"minimum":0},`, 4000) + `true]}}`, many},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema := compile(t, c.schema)
			start := time.Now()
			err := schema.Check(t.Context(), json.RawMessage(c.value))
			elapsed := time.Since(start)
			t.Logf("%v: %.300v", elapsed.Round(time.Millisecond), err)
			if err == nil || elapsed > 5*time.Second {
				t.Errorf("it took %v, with %v", elapsed, err)
			}
		})
	}
}

// doubling returns a schema that is two of another, which is two of another, and
// so on to the last one.
func doubling(by, last string) string {
	defs := []string{`"d0":` + last}
	for i := 1; i <= 40; i++ {
		defs = append(defs, fmt.Sprintf(`"d%d":{"%s":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%[3]d"}]}`, i, by, i-1))
	}
	return `{"$defs":{` + strings.Join(defs, ",") + `},"$ref":"#/$defs/d40"}`
}

func TestCheckRefusesNumbersWithoutEnd(t *testing.T) {
	t.Parallel()
	schema := compile(t, `{"properties":{"n":{"type":"integer"}}}`)
	for _, number := range []string{`1e1000000000`, `1e-999999999999`, strings.Repeat("7", 100_000), `1E+401`} {
		start := time.Now()
		err := schema.Check(t.Context(), json.RawMessage(`{"id":"a","n":[0,`+number+`]}`))
		var faults inputschema.Faults
		if !errors.As(err, &faults) || strings.Join(faults[0].Path, ".") != "n.1" || time.Since(start) > time.Second {
			t.Errorf("Check of %.20s = %v", number, err)
		}
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := compile(t, doubling("allOf", `{"type":"object"}`)).Check(ctx, json.RawMessage(`{}`))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Check = %v, want it cancelled", err)
	}
}

func TestCheckMayBeCalledByMany(t *testing.T) {
	t.Parallel()
	schema := compile(t, `{"properties":{"a":{"pattern":"^x","format":"hostname"}}}`)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for range 50 {
				value, ok := `{"a":"xa"}`, true
				if i%2 == 0 {
					value, ok = `{"a":"ya"}`, false
				}
				if err := schema.Check(t.Context(), json.RawMessage(value)); (err == nil) != ok {
					t.Errorf("Check(%s) = %v", value, err)
				}
			}
		})
	}
	all.Wait()
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`{}`, `true`, `{"type":["string","null"],"minLength":1}`, `{"$defs":{"a":{"$ref":"#"}},"items":{"$ref":"#/$defs/a"}}`,
		`{"patternProperties":{"^a":{"format":"ipv4"}},"propertyNames":{"maxLength":3}}`, `{"$id":"x:y","$anchor":"a","prefixItems":[{"const":1}],"contains":{"enum":[{}]}}`,
	} {
		f.Add(seed, `{"a":[1,"x",{"b":null}]}`)
	}
	f.Fuzz(func(t *testing.T, schema, value string) {
		if strictjson.Check([]byte(schema)) != nil || strictjson.Check([]byte(value)) != nil {
			return
		}
		var faults inputschema.Faults
		watch := time.AfterFunc(10*time.Second, func() { panic(fmt.Sprintf("too slow: %q on %q", schema, value)) })
		defer watch.Stop()
		s, err := inputschema.Compile(json.RawMessage(schema))
		if err != nil {
			if !errors.As(err, &faults) {
				t.Fatalf("Compile(%q) = %v, want faults", schema, err)
			}
			return
		}
		if err := s.Check(t.Context(), json.RawMessage(value)); err != nil && !errors.As(err, &faults) {
			t.Fatalf("Check(%q) by %q = %v, want faults", value, schema, err)
		}
	})
}

func compile(t *testing.T, text string) *inputschema.Schema {
	t.Helper()
	schema, err := inputschema.Compile(json.RawMessage(text))
	if err != nil {
		t.Fatalf("Compile(%.200s): %v", text, err)
	}
	return schema
}
