package pipeline_test

import (
	"encoding/json"
	"errors"
	"testing"

	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// FuzzDefinition compiles what it finds, and runs it.
func FuzzDefinition(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"steps":[{"kind":"filter","expression":"payload.a > 1"},{"kind":"transform","expression":"merge(value, {'b': value.a})"}]}`,
		`{"inputSchema":{"properties":{"a":{"type":"integer"}}},"attributes":{"a":{"expression":"result.a","type":"NUMBER","range":true}}}`,
		`{"city":"payload.a","orderingKey":"string(payload.a)","retry":{"attempts":1,"backoffMs":1},"retention":{"deadSeconds":1}}`,
		`{"steps":[{"kind":"http","url":"https://hooks.example.com","as":"x"},{"kind":"enrich","as":"w"},{"kind":7},[]]}`,
	} {
		f.Add(seed, `{"id":"a","a":2,"b":[1.50,{"c":null}]}`)
	}
	c := pipeline.NewCompiler(pipeline.Filter(), pipeline.Transform(), pipeline.Enrich(&sky{}))
	f.Fuzz(func(t *testing.T, definition, text string) {
		if strictjson.Check([]byte(definition)) != nil || strictjson.Check([]byte(text)) != nil {
			return
		}
		program, err := c.Compile("fuzz", 1, json.RawMessage(definition))
		var all pipeline.Refusals
		if err != nil {
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("Compile(%q) = %v, want refusals", definition, err)
			}
			return
		}
		payload, err := pipeline.ParsePayload(json.RawMessage(text))
		if err != nil {
			return
		}
		if _, err := program.Admit(t.Context(), payload); err != nil {
			_ = refused(t, err)
		}
		o := program.Run(t.Context(), []*pipeline.Job{{Payload: payload, Attempt: 1, At: noon}})[0]
		if o.Result != nil && strictjson.Check(o.Result) != nil || o.Attributes != nil && strictjson.Check(o.Attributes) != nil {
			t.Fatalf("Run(%q) by %q = %q, %q: not JSON", text, definition, o.Result, o.Attributes)
		}
	})
}
