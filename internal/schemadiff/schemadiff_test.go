package schemadiff_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/internal/schemadiff"
)

func load(t *testing.T, text string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func file(t *testing.T, name string) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, string(text))
}

func TestTheSchemaBreaksNothingThatHasLanded(t *testing.T) {
	t.Parallel()
	for _, change := range schemadiff.Compare(file(t, "landed.graphqls"), file(t, "../../schema.graphqls"), time.Now()) {
		if change.Severity == schemadiff.Breaking {
			t.Error(change)
		} else {
			t.Log(change)
		}
	}
}

// base is what each change is made to.
const base = `
scalar Moment @specifiedBy(url: "https://example.org/1")
directive @secret on FIELD_DEFINITION
interface Named { name: String! }
interface Aged { age: Int }
type Query {
  pot(id: ID!, size: Size! = SMALL, tags: [String!], depth: Int): Pot
  pots: [Pot!]
  any: Any
  old: Int @deprecated(reason: "Use pots; goes away on 2026-06-30.")
}
type Pot implements Named { name: String!  lid: String  at: Moment  sizes: [Size!]! }
type Pan { name: String! age: Int }
union Any = Pot | Pan
enum Size { SMALL LARGE HUGE @deprecated(reason: "Use LARGE until 2026-06-30.") }
input Filter { name: String  size: Size! = SMALL  at: Moment!  ids: [ID!]! }
type Mutation { find(filter: Filter!): Pot }
`

var today = time.Date(2026, time.June, 29, 0, 0, 0, 0, time.UTC)

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing":                         {"", "", nil},
		"a description":                   {"type Pot implements", `"A pot." type Pot implements`, nil},
		"a type more":                     {"type Pan", "type Lid { x: Int }  type Pan", nil},
		"a field more":                    {"type Pan {", "type Pan { x: Int", nil},
		"a deprecation":                   {"pots: [Pot!]", `pots: [Pot!] @deprecated`, nil},
		"a field less":                    {"lid: String", "", []string{"breaking: Pot.lid is gone"}},
		"a field renamed":                 {"lid: String", "cover: String", []string{"breaking: Pot.lid is gone"}},
		"a type less":                     {"interface Aged { age: Int }", "", []string{"breaking: Aged is gone"}},
		"another kind":                    {"interface Aged { age: Int }", "union Aged = Pan", []string{"breaking: Aged was an interface and is a union"}},
		"a member less":                   {"union Any = Pot | Pan", "union Any = Pot", []string{"breaking: Any is no longer Pan"}},
		"a scalar that is an enum":        {`scalar Moment @specifiedBy(url: "https://example.org/1")`, "enum Moment { NOW }", []string{"breaking: Moment was a scalar and is an enum"}},
		"a scalar specified otherwise":    {"example.org/1", "example.org/2", []string{`dangerous: Moment was specified by "https://example.org/1" and is by "https://example.org/2"`}},
		"a directive less":                {"directive @secret on FIELD_DEFINITION", "", []string{"breaking: @secret is gone"}},
		"null where it was not":           {"type Pan { name: String!", "type Pan { name: String", []string{"breaking: Pan.name was String! and is String"}},
		"null in a list":                  {"pots: [Pot!]", "pots: [Pot]", []string{"breaking: Query.pots was [Pot!] and is [Pot]"}},
		"a list that may be null":         {"sizes: [Size!]!", "sizes: [Size!]", []string{"breaking: Pot.sizes was [Size!]! and is [Size!]"}},
		"never null":                      {"lid: String", "lid: String!", nil},
		"a list never null":               {"pots: [Pot!]", "pots: [Pot!]!", nil},
		"another type":                    {"lid: String", "lid: ID", []string{"breaking: Pot.lid was String and is ID"}},
		"a list of one":                   {"lid: String", "lid: [String]", []string{"breaking: Pot.lid was String and is [String]"}},
		"one of a list":                   {"pots: [Pot!]", "pots: Pot", []string{"breaking: Query.pots was [Pot!] and is Pot"}},
		"an argument less":                {", depth: Int", "", []string{"breaking: Query.pot(depth:) is gone"}},
		"an argument more":                {"depth: Int", "depth: Int, x: Int", []string{"dangerous: Query.pot(x:) is new: what happens without it may have changed"}},
		"an argument more, by default":    {"depth: Int", "depth: Int, x: Int! = 1", []string{"dangerous: Query.pot(x:) is new: what happens without it may have changed"}},
		"a required argument more":        {"depth: Int", "depth: Int, x: Int!", []string{"breaking: Query.pot(x:) is new and must be given"}},
		"an argument never null":          {"depth: Int", "depth: Int!", []string{"breaking: Query.pot(depth:) was Int and is Int!"}},
		"an argument never null, default": {"depth: Int", "depth: Int! = 1", []string{"breaking: Query.pot(depth:) was Int and is Int!"}},
		"an argument that may be null":    {"id: ID!,", "id: ID,", nil},
		"an argument without default":     {"size: Size! = SMALL, tags", "size: Size!, tags", []string{"breaking: Query.pot(size:) must be given now"}},
		"another default":                 {"size: Size! = SMALL, tags", "size: Size! = LARGE, tags", []string{"dangerous: Query.pot(size:) is LARGE unless given, and was SMALL"}},
		"a default more":                  {"depth: Int", "depth: Int = 2", []string{"dangerous: Query.pot(depth:) is 2 unless given, and was nothing"}},
		"null in a list that is given":    {"tags: [String!]", "tags: [String]", nil},
		"no null in a list that is given": {"ids: [ID!]!", "ids: [ID!]! = []", []string{"dangerous: Filter.ids is [] unless given, and was nothing"}},
		"an argument for a list of it":    {"depth: Int", "depth: [Int!]", nil},
		"an argument for one of a list":   {"tags: [String!]", "tags: String", []string{"breaking: Query.pot(tags:) was [String!] and is String"}},
		"an argument of another type":     {"depth: Int", "depth: Float", []string{"breaking: Query.pot(depth:) was Int and is Float"}},
		"an input field less":             {"input Filter { name: String", "input Filter {", []string{"breaking: Filter.name is gone"}},
		"an input field more":             {"input Filter {", "input Filter { x: Int", []string{"dangerous: Filter.x is new: what happens without it may have changed"}},
		"a required input field more":     {"input Filter {", "input Filter { x: Int!", []string{"breaking: Filter.x is new and must be given"}},
		"an input field never null":       {"input Filter { name: String", "input Filter { name: String!", []string{"breaking: Filter.name was String and is String!"}},
		"an input field that may be null": {"at: Moment!", "at: Moment", nil},
		"an input field without default":  {"size: Size! = SMALL  at", "size: Size!  at", []string{"breaking: Filter.size must be given now"}},
		"an input of one field":           {"input Filter { name: String  size: Size! = SMALL  at: Moment!  ids: [ID!]! }", "input Filter @oneOf { name: String }", []string{"breaking: Filter.size is gone", "breaking: Filter.at is gone", "breaking: Filter.ids is gone", "breaking: Filter takes one field only"}},
		"an enum value less":              {"SMALL LARGE", "SMALL", []string{"breaking: Size.LARGE is gone"}},
		"an enum value more":              {"SMALL LARGE", "SMALL TINY LARGE", []string{"dangerous: Size.TINY is new, and clients may not expect it in an answer"}},
		"a union member more":             {"union Any = Pot | Pan", "type Lid { x: Int } union Any = Pot | Pan | Lid", []string{"dangerous: Any may be Lid now, which clients may not expect"}},
		"an interface less":               {"type Pot implements Named", "type Pot", []string{"breaking: Pot no longer implements Named"}},
		"an interface more":               {"type Pan {", "type Pan implements Named & Aged {", []string{"dangerous: Pan implements Named now, which clients may not expect behind that", "dangerous: Pan implements Aged now, which clients may not expect behind that"}},
		"a deprecated field too early":    {`old: Int @deprecated(reason: "Use pots; goes away on 2026-06-30.")`, "", []string{"breaking: Query.old is gone"}},
		"a deprecated value too early":    {`HUGE @deprecated(reason: "Use LARGE until 2026-06-30.")`, "", []string{"breaking: Size.HUGE is gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(base, test.old) {
				t.Fatalf("the base has no %q to change", test.old)
			}
			if got := compare(t, test.old, test.new, today); !slices.Equal(got, test.want) {
				t.Errorf("changes = %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhatIsDeprecatedMayGoOnItsDay(t *testing.T) {
	t.Parallel()
	day := today.AddDate(0, 0, 1)
	want := []string{"dangerous: Query.old is gone, as its deprecation announced"}
	if got := compare(t, `old: Int @deprecated(reason: "Use pots; goes away on 2026-06-30.")`, "", day); !slices.Equal(got, want) {
		t.Errorf("changes = %q, want %q", got, want)
	}
}

// compare returns the changes that replacing a part of the base makes.
func compare(t *testing.T, part, by string, today time.Time) []string {
	t.Helper()
	var changes []string
	for _, c := range schemadiff.Compare(load(t, base), load(t, strings.Replace(base, part, by, 1)), today) {
		changes = append(changes, c.String())
	}
	return changes
}
