package pipeline_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// The examples of docs/pipelines.md are what they say.
func TestTheDocumentationsExamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/pipelines.md")
	if err != nil {
		t.Fatal(err)
	}
	var program *pipeline.Program
	var result json.RawMessage
	definitions := 0
	for _, block := range regexp.MustCompile("(?s)```json (\\w+)\n(.*?)\n```").FindAllSubmatch(text, -1) {
		what, example := string(block[1]), block[2]
		switch what {
		case "definition":
			program = compile(t, compiler(), string(example))
			definitions++
		case "payload":
			payload := parse(t, string(example))
			city := int64(7)
			if _, err := program.Admit(t.Context(), payload); err != nil {
				t.Errorf("Admit(%s): %v", example, err)
			}
			o := program.Run(t.Context(), []*pipeline.Job{{Payload: payload, CityID: &city, Attempt: 1, At: noon}})[0]
			if o.Failure != nil {
				t.Errorf("Run(%s): %v", example, o.Failure)
			}
			result = o.Result
		case "result":
			got, err := strictjson.Canonical(result)
			if err != nil {
				t.Fatal(err)
			}
			want, err := strictjson.Canonical(example)
			if err != nil || string(got) != string(want) {
				t.Errorf("the result is %s, want %s, %v", got, want, err)
			}
		}
	}
	if definitions != 2 || result == nil {
		t.Errorf("there are %d definitions, and the result %s", definitions, result)
	}
}
