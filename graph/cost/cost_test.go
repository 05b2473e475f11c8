package cost_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"barograph/graph/cost"
	"barograph/graph/document"
	"barograph/graph/generated"
)

var (
	schema = generated.NewExecutableSchema(generated.Config{}).Schema()
	table  = cost.New(schema, map[string]string{"Query.cities": "names", "Query.nodes": "ids", "Mutation.refreshWeather": "input.cities"})
)

func costOf(t testing.TB, text string, variables map[string]any) cost.Cost {
	t.Helper()
	parsed, errs := gqlparser.LoadQueryWithRules(schema, text, nil)
	if errs != nil {
		t.Fatalf("%s: %v", text, errs)
	}
	values, err := validator.VariableValues(schema, parsed.Operations[0], variables)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	c, refusal := table.Of(parsed.Operations[0], values)
	if refusal != nil {
		t.Fatalf("%s: %v", text, refusal)
	}
	return c
}

func TestCostIsThatOfTheSchema(t *testing.T) {
	t.Parallel()
	names := func(n int) map[string]any {
		list := make([]any, n)
		for i := range list {
			list[i] = "x"
		}
		return map[string]any{"names": list}
	}
	number := func(text string) map[string]any { return map[string]any{"n": json.Number(text)} }
	const byNames = "query ($names: [String!]!) { cities(names: $names) { name } }"
	const byNumber = "query ($n: Int) { pipelines(first: $n) { nodes { id } } }"
	for _, c := range []struct {
		text      string
		variables map[string]any
		want      int
	}{
		{"{ __typename }", nil, 0},
		{`{ city(name: "x") { id name } }`, nil, 1},
		{`{ weather(city: "x") { id } }`, nil, 5},
		{`{ weather(city: "x") { current { time } freshness { state } } }`, nil, 7},
		{`{ weather(city: "x") { hourly { time } } }`, nil, 5 + 24},
		{`{ weather(city: "x") { hourly(hours: 3) { time } daily(days: 2) { date } } }`, nil, 5 + 3 + 2},
		{`{ searchCities(query: "x") { id } }`, nil, 10},
		{`{ cities(names: ["a", "b", "c"]) { weather { id } } }`, nil, 3 * 6},
		{`{ cities(names: "a") { id } }`, nil, 1},
		{byNames, names(100), 100},
		{byNames, names(0), 1},
		{byNames, names(5000), 1000},
		{byNames, map[string]any{"names": "x"}, 1},
		{`query ($x: String!) { cities(names: ["a", $x]) { id } }`, map[string]any{"x": "b"}, 2},
		{`{ nodes(ids: ["a", "b"]) { id ... on City { weather { id } } } }`, nil, 2 * 6},
		{"{ pipelines { nodes { id } } }", nil, 5 + 20},
		{"{ pipelines { nodes { id } edges { node { id } } totalCount pageInfo { hasNextPage } } }", nil, 5 + 20 + 20*2 + 10 + 1},
		{"{ pipelines(first: 7) { ...F } } fragment F on PipelineConnection { nodes { id } }", nil, 5 + 7},
		{"{ a: pipelines(first: 7) { ...F } b: pipelines(last: 3) { ...F } } fragment F on PipelineConnection { nodes { id } }", nil, 5 + 7 + 5 + 3},
		{"{ pipelines(first: 7) { nodes { records(first: 2) { nodes { id } } } } }", nil, 5 + 7*(1+5+2)},
		{byNumber, number("9"), 5 + 9},
		{byNumber, number("0"), 5 + 1},
		{byNumber, number("-5"), 5 + 1},
		{byNumber, number("2147483647"), 5 + 1000},
		{byNumber, map[string]any{"n": nil}, 5 + 20},
		{byNumber, nil, 5 + 20},
		{"{ pipelines(first: 3, last: 9) { nodes { id } } }", nil, 5 + 9},
		{"query ($n: Int = 4) { pipelines(first: $n) { nodes { id } } }", nil, 5 + 4},
		{"mutation { createPipeline(input: {name: \"x\"}) { pipeline { id } problems { code } } }", nil, 10 + 1 + 2},
		{`mutation { refreshWeather(input: {cities: ["a", "b", "c"]}) { weather { id } problems { code } } }`, nil, 10 + 3*5 + 3},
		{"mutation ($names: [String!]!) { refreshWeather(input: {cities: $names}) { weather { id } } }", names(7), 10 + 7*5},
		{"mutation ($i: RefreshWeatherInput!) { refreshWeather(input: $i) { weather { current { time } } } }", map[string]any{"i": map[string]any{"cities": []any{"a", "b"}}}, 10 + 2*6},
		{`mutation { refreshWeather(input: {cities: "a"}) { weather { airQuality { usAqi } } } }`, nil, 10 + 6},
		{`subscription { weatherChanged(city: "x") { airQuality { freshness { state } } } }`, nil, 7},
		{"subscription { recordChanged { record { id } } }", nil, 2},
	} {
		if got := costOf(t, c.text, c.variables); got.Total != c.want {
			t.Errorf("%s with %.60v: cost = %d, want %d", c.text, c.variables, got.Total, c.want)
		}
	}
}

func TestWhatIsSkippedCostsNothingByTheValuesThatVariablesHave(t *testing.T) {
	t.Parallel()
	const text = `query ($x: Boolean!) { weather(city: "x") @skip(if: $x) { id } ... @include(if: $x) { city(name: "x") { id } } ...F @skip(if: $x) }
		fragment F on Query { weatherAt(latitude: 1, longitude: 1) { id } }`
	for x, want := range map[bool]int{true: 1, false: 10} {
		if got := costOf(t, text, map[string]any{"x": x}); got.Total != want {
			t.Errorf("with %t: cost = %d, want %d", x, got.Total, want)
		}
	}
}

func TestFragmentsThatFanOutCostAllTheyReach(t *testing.T) {
	t.Parallel()
	spread := `{ weather(city: "x") { ...A } } fragment A on Weather { a: city { weather { ...B } } b: city { weather { ...B } } }
		fragment B on Weather { a: city { weather { ...C } } b: city { weather { ...C } } } fragment C on Weather { current { time } }`
	if got := costOf(t, spread, nil); got.Total != 5+2*6+4*6+4*1 {
		t.Errorf("cost = %d, want %d", got.Total, 5+2*6+4*6+4)
	}
	// Ten levels of a thousand each.
	deep := "id"
	for range 10 {
		deep = "records(first: 1000) { nodes { pipeline { " + deep + " } } }"
	}
	if got := costOf(t, "{ pipeline(name: \"x\") { "+deep+" } }", nil); got.Total != document.Most {
		t.Errorf("cost = %d, want it to stop at %d", got.Total, document.Most)
	}
}

func TestOperationsThatFrontEndsSendAreWithinTheLimits(t *testing.T) {
	t.Parallel()
	introspection, err := os.ReadFile("../document/testdata/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	thousand := make([]any, 1000)
	for i := range thousand {
		thousand[i] = "x"
	}
	weather := "weather { id timeZone freshness { state expiresAt } current { time temperature humidity windSpeed } }"
	for _, c := range []struct {
		name, text string
		variables  map[string]any
		refused    string
	}{
		{"introspection", string(introspection), nil, ""},
		{"a thousand cities", "query ($names: [String!]!) { cities(names: $names) { name " + weather + " } }", map[string]any{"names": thousand}, ""},
		{"a thousand records with weather", "{ records(first: 1000) { nodes { id payload city { name " + weather + " } } } }", nil, ""},
		{"a hundred cities with all forecasts", "query ($names: [String!]!) { cities(names: $names) { weather { hourly(hours: 168) { time temperature } daily { date } } } }", map[string]any{"names": thousand[:100]}, ""},
		{"a thousand cities with all forecasts", "query ($names: [String!]!) { cities(names: $names) { weather { hourly { time } daily { date } } } }", map[string]any{"names": thousand}, "cost"},
		{"a thousand pages", "{ pipelines(first: 1000) { nodes { records { nodes { id } } } } }", nil, "cost"},
		{"many aliases of leaves", "query ($names: [String!]!) { cities(names: $names) { " + aliases(600) + " } }", map[string]any{"names": thousand}, "answerFields"},
	} {
		got := costOf(t, c.text, c.variables)
		refusal := cost.Limits{}.Check(got)
		limit := ""
		if refusal != nil {
			limit, _ = refusal.Extensions["limit"].(string)
		}
		t.Logf("%s: %+v", c.name, got)
		if limit != c.refused {
			t.Errorf("%s: %+v: refused by %q, want %q", c.name, got, limit, c.refused)
		}
	}
}

func aliases(n int) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(" a" + strings.Repeat("b", i) + ": id")
	}
	return text.String()
}

func TestExactlyOneSlicingArgumentIsRequiredWhereTheSchemaSaysSo(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
		directive @cost(weight: Int!) on ARGUMENT_DEFINITION | FIELD_DEFINITION | OBJECT
		type Query { items(first: Int, last: Int, dear: Int @cost(weight: 7)): [Item] @listSize(slicingArguments: ["first", "last"]) }
		type Item @cost(weight: 3) { id: ID }`})
	table := cost.New(schema, nil)
	for text, want := range map[string]int{
		"{ items { id } }":                       -1,
		"{ items(first: 2, last: 2) { id } }":    -1,
		"{ items(first: 2) { id } }":             6,
		"{ items(last: 3, dear: 1) { id } }":     16,
		"{ items(first: null, last: 1) { id } }": 3,
	} {
		parsed, errs := gqlparser.LoadQueryWithRules(schema, text, nil)
		if errs != nil {
			t.Fatal(errs)
		}
		c, refusal := table.Of(parsed.Operations[0], nil)
		if (refusal != nil) != (want < 0) || refusal == nil && c.Total != want {
			t.Errorf("%s: %+v %v, want %d", text, c, refusal, want)
		}
	}
}

// TestEveryListOfObjectsHasASize keeps the schema honest: a list of which
// nothing is said is taken for ten items.
func TestEveryListOfObjectsHasASize(t *testing.T) {
	t.Parallel()
	sized := map[string]bool{}
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			if size := f.Directives.ForName("listSize"); size != nil && size.Arguments.ForName("sizedFields") != nil {
				for _, name := range size.Arguments.ForName("sizedFields").Value.Children {
					sized[f.Type.Name()+"."+name.Value.Raw] = true
				}
			}
		}
	}
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			if d.BuiltIn || f.Type.Elem == nil || !schema.Types[f.Type.Name()].IsCompositeType() || strings.HasPrefix(f.Type.Name(), "__") {
				continue
			}
			if f.Directives.ForName("listSize") == nil && !sized[d.Name+"."+f.Name] {
				t.Errorf("%s.%s: a list without @listSize", d.Name, f.Name)
			}
		}
	}
}
