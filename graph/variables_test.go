package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"barograph/auth"
	"barograph/graph"
)

// A complaint is an error about a variable.
type complaint struct {
	Message    string
	Path       []any
	Extensions struct{ Code string }
}

// give asks with variables that are JSON, and returns the status, by the media
// type that has one for requests that are not valid, and the errors.
func give(t *testing.T, handler http.Handler, query, variables string) (status int, errs []complaint) {
	t.Helper()
	text, err := json.Marshal(query)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"query": %s, "variables": %s}`, text, variables)
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/graphql", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/graphql-response+json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	var answer struct{ Errors []complaint }
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v", recorder.Body, err)
	}
	return recorder.Code, answer.Errors
}

// Operations of one variable each, which execute nothing.
var taking = map[string]string{
	"String!":                   `query ($n: String!) { city(name: $n) @skip(if: true) { id } }`,
	"String! = \"Lima\"":        `query ($n: String! = "Lima") { city(name: $n) @skip(if: true) { id } }`,
	"String = \"Lima\"":         `query ($n: String = "Lima") { city(name: $n) @skip(if: true) { id } }`,
	"[String!]!":                `query ($n: [String!]!) { cities(names: $n) @skip(if: true) { id } }`,
	"String where a default is": `mutation ($n: String) { processPayload(input: {pipeline: $n, payload: {}}) @skip(if: true) { duplicate } }`,
	"Int":                       `query ($n: Int) { records(first: $n) @skip(if: true) { totalCount } }`,
	"String = null":             `mutation ($n: String = null) { processPayload(input: {pipeline: $n, payload: {}}) @skip(if: true) { duplicate } }`,
	"String in a list":          `query ($n: String = "Lima") { ...F } fragment F on Query { cities(names: ["x", $n]) @skip(if: true) { id } }`,
	"Boolean = true":            `query ($n: Boolean = true) { ... @skip(if: $n) { __typename } }`,
	"Float!":                    `query ($n: Float!) { weatherAt(latitude: $n, longitude: 0) @skip(if: true) { id } }`,
	"Boolean!":                  `query ($n: Boolean!) { a: __typename @skip(if: $n) }`,
	"ID!":                       `query ($n: ID!) { node(id: $n) @skip(if: true) { id } }`,
	"Units":                     `query ($n: Units) { weather(city: "Lima", units: $n) @skip(if: true) { id } }`,
	"RecordFilter":              `query ($n: RecordFilter) { records(filter: $n) @skip(if: true) { totalCount } }`,
	"RecordOrder":               `query ($n: RecordOrder) { records(orderBy: $n) @skip(if: true) { totalCount } }`,
	"ProcessPayloadInput!":      `mutation ($n: ProcessPayloadInput!) { processPayload(input: $n) @skip(if: true) { duplicate } }`,
	"JSON!":                     `mutation ($n: JSON!) { processPayload(input: {payload: $n}) @skip(if: true) { duplicate } }`,
	"DateTime":                  `query ($n: DateTime) { records(filter: {receivedSince: $n}) @skip(if: true) { totalCount } }`,
	"Int and [RecordState!]":    `query ($n: Int, $m: [RecordState!]) { records(first: $n, filter: {states: $m}) @skip(if: true) { totalCount } }`,
}

func TestVariablesAreRefusedInTheirOwnWords(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{})))
	for _, c := range []struct{ of, given, want, path string }{
		{"String!", `{}`, "variable $n: must be given: its type is String!", "variable n"},
		{"String!", `{"n": null}`, "variable $n: must not be null: its type is String!", "variable n"},
		{"String!", `{"n": 5}`, "variable $n: a String is expected, found a number", "variable n"},
		{"String!", `{"n": true}`, "variable $n: a String is expected, found a boolean", "variable n"},
		{"String!", `{"n": {}}`, "variable $n: a String is expected, found an object", "variable n"},
		{"String!", `{"n": ["a"]}`, "variable $n: a String is expected, found a list", "variable n"},
		{"String! = \"Lima\"", `{"n": null}`, "variable $n: must not be null: its type is String!", "variable n"},
		{"String = \"Lima\"", `{"n": null}`, "variable $n: must not be null where it is used as String!", "variable n"},
		{"String = null", `{}`, "variable $n: must not be null where it is used as String!", "variable n"},
		{"String in a list", `{"n": null}`, "variable $n: must not be null where it is used as String!", "variable n"},
		{"Boolean = true", `{"n": null}`, "variable $n: must not be null where it is used as Boolean!", "variable n"},
		{"[String!]!", `{"n": 5}`, "variable $n: a String is expected, found a number", "variable n"},
		{"[String!]!", `{"n": ["a", null]}`, "variable $n at [1]: must not be null: its type is String!", "variable n 1"},
		{"[String!]!", `{"n": [["a"]]}`, "variable $n at [0]: a String is expected, found a list", "variable n 0"},
		{"Int", `{"n": "5"}`, "variable $n: an Int is expected, found a string", "variable n"},
		{"Int", `{"n": 1.5}`, "variable $n: an Int is expected, found 1.5", "variable n"},
		{"Int", `{"n": 1e-999999999999}`, "variable $n: an Int is expected, found 1e-999999999999", "variable n"},
		{"Int", `{"n": 1.00000000000000000000000000000000000000000001}`, "variable $n: an Int is expected, found 1.00000000000000000000000000000000000000…", "variable n"},
		{"Int", `{"n": 2147483648}`, "variable $n: an Int cannot be 2147483648: it has 32 bits", "variable n"},
		{"Int", `{"n": -2147483649}`, "variable $n: an Int cannot be -2147483649: it has 32 bits", "variable n"},
		{"Int", `{"n": 1e999999999999}`, "variable $n: an Int cannot be 1e999999999999: it has 32 bits", "variable n"},
		{"Int", `{"n": true}`, "variable $n: an Int is expected, found a boolean", "variable n"},
		{"Float!", `{"n": "1"}`, "variable $n: a Float is expected, found a string", "variable n"},
		{"Float!", `{"n": 1e999}`, "variable $n: a Float cannot be 1e999: it has 64 bits", "variable n"},
		{"Boolean!", `{"n": "true"}`, "variable $n: a Boolean is expected, found a string", "variable n"},
		{"Boolean!", `{"n": 1}`, "variable $n: a Boolean is expected, found a number", "variable n"},
		{"Boolean!", `{}`, "variable $n: must be given: its type is Boolean!", "variable n"},
		{"ID!", `{"n": 1.5}`, "variable $n: an ID is a string or an integer, found 1.5", "variable n"},
		{"ID!", `{"n": 4.0}`, "variable $n: an ID is a string or an integer, found 4.0", "variable n"},
		{"ID!", `{"n": false}`, "variable $n: an ID is expected, found a boolean", "variable n"},
		{"Units", `{"n": "metric"}`, `variable $n: "metric" is no value of Units, which has METRIC, IMPERIAL`, "variable n"},
		{"Units", `{"n": 1}`, "variable $n: a value of Units is expected, found a number", "variable n"},
		{"RecordFilter", `{"n": "x"}`, "variable $n: an object (RecordFilter) is expected, found a string", "variable n"},
		{"RecordFilter", `{"n": {"city": 5}}`, "variable $n at city: a String is expected, found a number", "variable n city"},
		{"RecordFilter", `{"n": {"citty": "x"}}`, `variable $n: RecordFilter has no field "citty"`, "variable n citty"},
		{"RecordFilter", `{"n": {"__typename": "RecordFilter"}}`, `variable $n: RecordFilter has no field "__typename"`, "variable n __typename"},
		{"RecordFilter", `{"n": {"states": ["DEAD", "x"]}}`, `variable $n at states[1]: "x" is no value of RecordState, which has QUEUED, PROCESSING, RETRYING, PROCESSED, SKIPPED, DEAD`, "variable n states 1"},
		{"RecordOrder", `{"n": {"field": null}}`, "variable $n at field: must not be null: its type is RecordOrderField!", "variable n field"},
		{"ProcessPayloadInput!", `{"n": {}}`, "variable $n at payload: must be given: its type is JSON!", "variable n payload"},
		{"ProcessPayloadInput!", `{"n": {"payload": null}}`, "variable $n at payload: must not be null: its type is JSON!", "variable n payload"},
		{"JSON!", `{"n": null}`, "variable $n: must not be null: its type is JSON!", "variable n"},
	} {
		status, errs := give(t, handler, taking[c.of], c.given)
		if len(errs) != 1 || status != http.StatusBadRequest || errs[0].Extensions.Code != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s for a %s: status = %d, errors = %+v, want 400 and one that is GRAPHQL_VALIDATION_FAILED", c.given, c.of, status, errs)
			continue
		}
		if path := strings.Trim(fmt.Sprint(errs[0].Path), "[]"); errs[0].Message != c.want || path != c.path {
			t.Errorf("%s for a %s:\n got %q at %q\nwant %q at %q", c.given, c.of, errs[0].Message, path, c.want, c.path)
		}
	}
}

func TestVariablesThatTheSpecificationAllowsAreTaken(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{})))
	for _, c := range []struct{ of, given string }{
		{"String!", `{"n": "5", "unheard of": {}}`},
		{"String! = \"Lima\"", `{}`},
		{"String = \"Lima\"", `{}`},
		{"[String!]!", `{"n": "a"}`},
		{"[String!]!", `{"n": []}`},
		{"String where a default is", `{}`},
		{"Int", `{}`},
		{"Int", `null`},
		{"Int", `{"n": null}`},
		{"Int", `{"n": -2147483648}`},
		{"Int", `{"n": 2147483647.0}`},
		{"Int", `{"n": -0.0e9}`},
		{"Int", `{"n": 1.5e1}`},
		{"Int", `{"n": 50e-1}`},
		{"Float!", `{"n": 1}`},
		{"Float!", `{"n": 1e-999}`},
		{"Boolean!", `{"n": false}`},
		{"ID!", `{"n": "x"}`},
		{"ID!", `{"n": -123456789012345678901234567890}`},
		{"Units", `{"n": "METRIC"}`},
		{"RecordFilter", `{"n": {"states": "DEAD", "city": null}}`},
		{"RecordFilter", `{"n": {}}`},
		{"RecordOrder", `{"n": {}}`},
		{"ProcessPayloadInput!", `{"n": {"payload": []}}`},
		{"JSON!", `{"n": [null, 1e999, {"__typename": ""}]}`},
		{"JSON!", `{"n": 0}`},
		{"DateTime", `{"n": "yesterday"}`}, // which the field refuses, were it executed
	} {
		if status, errs := give(t, handler, taking[c.of], c.given); status != http.StatusOK || len(errs) > 0 {
			t.Errorf("%s for a %s: status = %d, errors = %+v, want none", c.given, c.of, status, errs)
		}
	}
}

func TestAllThatIsWrongWithVariablesIsToldUpToALimit(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{})))
	_, errs := give(t, handler, taking["Int and [RecordState!]"], `{"n": "5", "m": ["x", "DEAD", 7]}`)
	if len(errs) != 3 || !strings.Contains(errs[0].Message, "$n") || !strings.Contains(errs[1].Message, "$m at [0]") || !strings.Contains(errs[2].Message, "$m at [2]") {
		t.Errorf("errors = %+v, want one about $n and two about $m", errs)
	}
	unknown := strings.Repeat("x", 10_000)
	for of, given := range map[string]string{
		"[String!]!":   `{"n": [` + strings.Repeat("0,", 100_000) + `0]}`,
		"RecordFilter": `{"n": {"city": 0` + numbered(30, `,"`+unknown+`#":0`) + `}}`,
	} {
		_, errs := give(t, handler, taking[of], given)
		if len(errs) != 21 || !strings.Contains(errs[20].Message, "more errors are left out") || len(errs[20].Path) > 0 {
			t.Errorf("%s: %d errors, the last one %+v, want 20 and one that says that there are more", of, len(errs), errs[len(errs)-1])
		}
		for _, err := range errs {
			if len(err.Message) > 120 {
				t.Errorf("%s: said in %d bytes: %s", of, len(err.Message), err.Message)
			}
		}
	}
}

func TestVariablesNameNoEnumValuesWhereTheSchemaIsHidden(t *testing.T) {
	t.Parallel()
	handler := auth.As(auth.Anyone, graph.New(quiet(graph.Config{HideSchema: true})))
	_, errs := give(t, handler, taking["Units"], `{"n": "metric"}`)
	if want := `variable $n: "metric" is no value of Units`; len(errs) != 1 || errs[0].Message != want {
		t.Errorf("errors = %+v, want %s", errs, want)
	}
}
