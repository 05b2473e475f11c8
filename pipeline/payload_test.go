package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"barograph/pipeline"
)

func TestParsePayloadRefusesWhatCannotBeProcessed(t *testing.T) {
	t.Parallel()
	payload, id := []string{"input", "payload"}, []string{"input", "payload", "id"}
	cases := map[string]struct {
		text  string
		code  pipeline.Code
		field []string
	}{
		"an array":                   {`[{"id":"a"}]`, pipeline.PayloadNotObject, payload},
		"a string":                   {`"id"`, pipeline.PayloadNotObject, payload},
		"a number":                   {`1`, pipeline.PayloadNotObject, payload},
		"null":                       {`null`, pipeline.PayloadNotObject, payload},
		"true":                       {`true`, pipeline.PayloadNotObject, payload},
		"no text at all":             {``, pipeline.PayloadNotObject, payload},
		"no id":                      {`{}`, pipeline.PayloadIDMissing, id},
		"an id of other case":        {`{"ID":"a","Id":"b"}`, pipeline.PayloadIDMissing, id},
		"an id further down":         {`{"a":{"id":"b"}}`, pipeline.PayloadIDMissing, id},
		"an id of null":              {`{"id":null}`, pipeline.PayloadIDInvalid, id},
		"an id that is a number":     {`{"id":7}`, pipeline.PayloadIDInvalid, id},
		"an id that is true":         {`{"id":true}`, pipeline.PayloadIDInvalid, id},
		"an id that is an object":    {`{"id":{"id":"a"}}`, pipeline.PayloadIDInvalid, id},
		"an id that is an array":     {`{"id":["a"]}`, pipeline.PayloadIDInvalid, id},
		"an empty id":                {`{"id":""}`, pipeline.PayloadIDInvalid, id},
		"an id of 256 characters":    {withID(strings.Repeat("a", 256)), pipeline.PayloadIDInvalid, id},
		"an id of 256 wide ones":     {withID(strings.Repeat("😀", 256)), pipeline.PayloadIDInvalid, id},
		"an id that is U+0000":       {`{"id":"\u0000"}`, pipeline.PayloadIDInvalid, id},
		"an id with U+0000 in it":    {`{"id":"a\u0000b"}`, pipeline.PayloadIDInvalid, id},
		"an id of two lines":         {`{"id":"a\nb"}`, pipeline.PayloadIDInvalid, id},
		"an id that clears a screen": {`{"id":"\u001b[2J"}`, pipeline.PayloadIDInvalid, id},
		"an id with U+007F":          {`{"id":"a\u007f"}`, pipeline.PayloadIDInvalid, id},
		"an id with U+0085":          {`{"id":"a\u0085b"}`, pipeline.PayloadIDInvalid, id},
		"an id of two paragraphs":    {`{"id":"a\u2029b"}`, pipeline.PayloadIDInvalid, id},
		"an id that reads backwards": {`{"id":"a\u202eb"}`, pipeline.PayloadIDInvalid, id},
		"an id with an isolate":      {`{"id":"a\u2066b"}`, pipeline.PayloadIDInvalid, id},
		"one byte over the limit":    {ofSize(pipeline.PayloadLimit + 1), pipeline.PayloadTooLarge, payload},
		"too large and no object":    {strings.Repeat(" ", pipeline.PayloadLimit) + "1", pipeline.PayloadTooLarge, payload},
		"an id that is long escaped": {`{"id":"` + strings.Repeat(`\u0061`, 256) + `"}`, pipeline.PayloadIDInvalid, id},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := pipeline.ParsePayload(json.RawMessage(c.text))
			refusal := refused(t, err)
			if refusal.Code != c.code || !slices.Equal(refusal.Field, c.field) {
				t.Errorf("ParsePayload(%.60s) refuses with %s at %v, want %s at %v", c.text, refusal.Code, refusal.Field, c.code, c.field)
			}
			if got != nil {
				t.Errorf("ParsePayload(%.60s) = %v and a refusal, want nil", c.text, got)
			}
		})
	}
}

func TestParsePayloadTakes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ text, id, city string }{
		"an id alone":                {`{"id":"a"}`, "a", ""},
		"255 characters":             {withID(strings.Repeat("a", 255)), strings.Repeat("a", 255), ""},
		"255 characters of 4 bytes":  {withID(strings.Repeat("😀", 255)), strings.Repeat("😀", 255), ""},
		"255 characters escaped":     {`{"id":"` + strings.Repeat(`\u0061`, 255) + `"}`, strings.Repeat("a", 255), ""},
		"an escaped name":            {`{"\u0069d":"a"}`, "a", ""},
		"an id with a colon":         {`{"id":"a:b/c?d"}`, "a:b/c?d", ""},
		"an id of a space":           {`{"id":" "}`, " ", ""},
		"space around everything":    {" {\n\t\"id\" :\r \"a\" } ", "a", ""},
		"a city":                     {`{"id":"a","city":"S\u00e3o Paulo"}`, "a", "São Paulo"},
		"a city that is a number":    {`{"id":"a","city":7}`, "a", ""},
		"a city that is null":        {`{"id":"a","city":null}`, "a", ""},
		"a city that is an object":   {`{"id":"a","city":{"name":"Oslo"}}`, "a", ""},
		"a city that is an array":    {`{"id":"a","city":["Oslo"]}`, "a", ""},
		"exactly 256 KiB":            {ofSize(pipeline.PayloadLimit), "a", ""},
		"a city with U+0000":         {`{"id":"a","city":"\u0000"}`, "a", "\x00"},
		"members of processing":      {`{"id":"a","status":1,"timestamp":2}`, "a", ""},
		"numbers beyond any machine": {`{"id":"a","n":1e999999999999}`, "a", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := pipeline.ParsePayload(json.RawMessage(c.text))
			if err != nil {
				t.Fatalf("ParsePayload(%.60s): %v", c.text, err)
			}
			if got.ID != c.id || got.City != c.city || string(got.JSON) != c.text {
				t.Errorf("ParsePayload(%.60s) = id %.40q, city %q, text %.60s", c.text, got.ID, got.City, got.JSON)
			}
		})
	}
}

func TestFingerprintIsTheSameForTheSameValueWrittenDifferently(t *testing.T) {
	t.Parallel()
	cases := map[string][2]string{
		"order of members": {`{"id":"a","b":1}`, `{"b":1,"id":"a"}`},
		"space":            {`{"id":"a","b":[1,2]}`, "{ \"id\" : \"a\",\n\"b\":[1, 2]}"},
		"escapes":          {`{"id":"é<"}`, `{"\u0069d":"\u00e9\u003c"}`},
		"surrogates":       {`{"id":"😀"}`, `{"id":"\ud83d\ude00"}`},
		"numbers":          {`{"id":"a","n":100}`, `{"id":"a","n":1.00E2}`},
		"minus zero":       {`{"id":"a","n":0}`, `{"id":"a","n":-0.0}`},
		"further down":     {`{"id":"a","o":{"x":1,"y":2.50}}`, `{"o":{"y":2.5,"x":1},"id":"a"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if parse(t, c[0]).Fingerprint != parse(t, c[1]).Fingerprint {
				t.Errorf("the fingerprints of %s and %s differ", c[0], c[1])
			}
		})
	}
}

func TestFingerprintTellsValuesApart(t *testing.T) {
	t.Parallel()
	texts := []string{
		`{"id":"a"}`, `{"id":"b"}`, `{"id":"A"}`, `{"id":"a","n":null}`, `{"id":"a","n":0}`, `{"id":"a","n":"0"}`, `{"id":"a","n":false}`,
		`{"id":"a","n":9007199254740992}`, `{"id":"a","n":9007199254740993}`, `{"id":"a","n":0.1}`, `{"id":"a","n":0.1000000000000000055511151231257827}`,
		`{"id":"a","n":[1,2]}`, `{"id":"a","n":[2,1]}`, `{"id":"a","n":[[1],2]}`, `{"id":"a","n":{}}`, `{"id":"a","n":[]}`, `{"id":"a","N":0}`,
		`{"id":"a","n":"é"}`, `{"id":"a","n":"e\u0301"}`, `{"id":"a","n":1e400}`, `{"id":"a","n":1e401}`,
	}
	seen := make(map[pipeline.Fingerprint]string)
	for _, text := range texts {
		fingerprint := parse(t, text).Fingerprint
		if other, taken := seen[fingerprint]; taken {
			t.Errorf("%s and %s have one fingerprint", other, text)
		}
		seen[fingerprint] = text
	}
}

// parse returns the payload that text must be.
func parse(t *testing.T, text string) *pipeline.Payload {
	t.Helper()
	p, err := pipeline.ParsePayload(json.RawMessage(text))
	if err != nil {
		t.Fatalf("ParsePayload(%.60s): %v", text, err)
	}
	return p
}

// refused returns the refusal that err must be.
func refused(t *testing.T, err error) *pipeline.Refusal {
	t.Helper()
	var refusal *pipeline.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got error %v, want a refusal", err)
	}
	return refusal
}

func withID(id string) string { return fmt.Sprintf(`{"id":%q}`, id) }

// ofSize returns a payload of so many bytes.
func ofSize(n int) string {
	const around = `{"id":"a","filling":""}`
	return strings.Replace(around, `""`, `"`+strings.Repeat("x", n-len(around))+`"`, 1)
}
