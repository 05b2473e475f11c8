package document_test

import (
	"strings"
	"testing"

	"barograph/graph/document"
)

// TestFieldsMergeAsTheSpecificationSays has its examples, in our schema.
func TestFieldsMergeAsTheSpecificationSays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{ city(name: "x") { name name } }`:                                                                                                                                        "",
		`{ city(name: "x") { n: name n: name } }`:                                                                                                                                  "",
		`{ city(name: "x") { n: name n: id } }`:                                                                                                                                    `"name" and "id" are different fields`,
		`{ city(name: "x") { id } city(name: "y") { id } }`:                                                                                                                        "differing arguments",
		`{ city(name: "x") { id } city(name: "x") { name } }`:                                                                                                                      "",
		`query ($n: String!) { city(name: $n) { id } city(name: "x") { id } }`:                                                                                                     "differing arguments",
		`query ($n: String!) { city(name: $n) { id } city(name: $n) { id } }`:                                                                                                      "",
		`{ a: weather(city: "x") { id } a: weather(units: METRIC, city: "x") { id } }`:                                                                                             "differing arguments",
		`{ a: weather(city: "x", units: METRIC) { id } a: weather(units: METRIC, city: "x") { id } }`:                                                                              "",
		`{ a: records(filter: {city: "x", pipeline: "y"}) { totalCount } a: records(filter: {pipeline: "y", city: "x"}) { totalCount } }`:                                          "",
		`{ a: records(filter: {states: [DEAD, QUEUED]}) { totalCount } a: records(filter: {states: [QUEUED, DEAD]}) { totalCount } }`:                                              "differing arguments",
		`{ a: records(filter: {city: "x"}) { totalCount } a: records(filter: {city: "y"}) { totalCount } }`:                                                                        "differing arguments",
		`{ cities(names: "1") { id } cities(names: ["1"]) { id } }`:                                                                                                                "differing arguments",
		`{ node(id: "x") { ... on City { n: name } ... on Weather { n: timeZone } } }`:                                                                                             "",
		`{ node(id: "x") { ... on City { n: name } ... on Weather { n: latitude } } }`:                                                                                             "conflicting types",
		`{ node(id: "x") { ... on City { n: name } ... on Weather { n: current { time } } } }`:                                                                                     "conflicting types",
		`{ node(id: "x") { ... on City { n: name } ... on Record { n: pipelineVersion } } }`:                                                                                       "conflicting types",
		`{ node(id: "x") { ... on City { n: admin1 } ... on Pipeline { n: name } } }`:                                                                                              "conflicting types",
		`{ node(id: "x") { n: id ... on City { n: name } } }`:                                                                                                                      `are different fields`,
		`{ node(id: "x") { ... on Record { c: city { n: name } } ... on Weather { c: city { n: id } } } }`:                                                                         "conflicting types",
		`{ node(id: "x") { ... on Record { c: city { n: name } } ... on Weather { c: city { n: country } } } }`:                                                                    "",
		`{ node(id: "x") { ... on City { w: weather(units: METRIC) { id } } ... on Record { w: city { id } } } }`:                                                                  "",
		`{ city(name: "x") { ...A ...B } } fragment A on City { weather { x: id } } fragment B on City { weather { x: timeZone } }`:                                                `are different fields`,
		`{ city(name: "x") { ...A ...B } } fragment A on City { weather { city { ...C } } } fragment B on City { weather { city { x: name } } } fragment C on City { x: country }`: `are different fields`,
		`{ a: city(name: "x") { ...A } b: city(name: "y") { ...A x: name } } fragment A on City { x: country }`:                                                                    `are different fields`,
		`{ a: city(name: "x") { ...A } b: city(name: "y") { ...A } } fragment A on City { x: country }`:                                                                            "",
		`query A { city(name: "x") { id } } query B { city(name: "y") { id } }`:                                                                                                    "",
	} {
		_, errs := document.New(schema, document.Config{}).Prepare(text)
		got := ""
		if len(errs) > 0 {
			got = errs[0].Message
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
