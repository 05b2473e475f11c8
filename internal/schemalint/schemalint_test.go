package schemalint_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/internal/schemalint"
)

func load(t *testing.T, text string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTheSchemaFollowsTheRules(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range schemalint.Check(load(t, string(text))) {
		t.Errorf("schema.graphqls, %s", problem)
	}
}

// good follows every rule; each bad schema is it with one thing changed.
const good = `
"A time."
scalar Moment @specifiedBy(url: "https://example.org")
"What can be read."
type Query {
  "All pots."
  pots("How many." first: Int "From where." after: String "How many." last: Int "To where." before: String): PotConnection
  "Some pots."
  some("Which." ids: [ID!]!): [Pot]!
  "An old way to it."
  old: Pot @deprecated(reason: "Use ` + "`pots`" + ` instead; goes away on 2027-01-31.")
}
"What can be changed."
type Mutation {
  "Makes a pot."
  makePot("Which." input: MakePotInput!): MakePotResult
}
"A pot to make."
input MakePotInput {
  "How large."
  size: Size!
}
"What became of it."
type MakePotResult {
  "The pot."
  pot: Pot
  "Why not."
  problems: [Problem!]!
}
"Why not."
type Problem {
  "For people."
  message: String!
}
"A pot."
type Pot {
  "How large."
  size: Size!
}
"How large."
enum Size {
  "Small."
  SMALL
}
"A page of pots."
type PotConnection {
  "With cursors."
  edges: [PotEdge!]!
  "Without."
  nodes: [Pot!]!
  "Where."
  pageInfo: PageInfo!
  "How many."
  totalCount: Int
}
"A pot on a page."
type PotEdge {
  "Its place."
  cursor: String!
  "The pot."
  node: Pot!
}
"Where a page stands."
type PageInfo {
  "Whether there is more."
  hasNextPage: Boolean!
}
`

func TestAGoodSchemaHasNoProblem(t *testing.T) {
	t.Parallel()
	if problems := schemalint.Check(load(t, good)); len(problems) > 0 {
		t.Errorf("problems = %v, want none", problems)
	}
}

func TestEachRuleFires(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, new, want string }{
		"type undescribed":              {`"A pot."`, ``, "Pot is not described"},
		"field undescribed":             {`"All pots."`, ``, "Query.pots is not described"},
		"argument undescribed":          {`"How many." first`, `first`, "Query.pots(first:) is not described"},
		"input field undescribed":       {"input MakePotInput {\n  \"How large.\"", "input MakePotInput {", "MakePotInput.size is not described"},
		"enum value undescribed":        {`"Small."`, ``, "Size.SMALL is not described"},
		"scalar undescribed":            {`"A time."`, ``, "Moment is not described"},
		"no full stop":                  {`"A pot."`, `"A pot"`, "Pot has a description that does not end with a full stop"},
		"no capital":                    {`"A pot."`, `"a pot."`, "Pot has a description that does not start with a capital"},
		"scalar unspecified":            {` @specifiedBy(url: "https://example.org")`, ``, "Moment does not say by @specifiedBy"},
		"deprecated without remedy":     {"Use `pots` instead; goes away on 2027-01-31.", "Goes away on 2027-01-31.", "Query.old is deprecated without naming"},
		"deprecated without day":        {"; goes away on 2027-01-31", "", "Query.old is deprecated without the day"},
		"deprecated until no day":       {"2027-01-31", "2027-02-31", "Query.old is deprecated without the day"},
		"deprecated without reason":     {"(reason: \"Use `pots` instead; goes away on 2027-01-31.\")", "", "Query.old is deprecated without naming"},
		"argument not input":            {`input: MakePotInput!`, `pot: MakePotInput!`, "Mutation.makePot does not take input: MakePotInput! alone"},
		"two arguments":                 {`input: MakePotInput!`, `input: MakePotInput! "Not." x: Int`, "Mutation.makePot does not take input: MakePotInput! alone"},
		"input nullable":                {`input: MakePotInput!`, `input: MakePotInput`, "Mutation.makePot does not take input: MakePotInput! alone"},
		"input misnamed":                {"MakePotInput", "PotInput", "Mutation.makePot does not take input: MakePotInput! alone"},
		"result misnamed":               {"MakePotResult", "PotResult", "Mutation.makePot does not return MakePotResult"},
		"result without problems":       {"problems: [Problem!]!", "problem: Problem", "MakePotResult has no problems: [Problem!]!"},
		"result never null":             {"MakePotInput!): MakePotResult", "MakePotInput!): MakePotResult!", "Mutation.makePot returns MakePotResult!, which is never null"},
		"root field never null":         {"some(\"Which.\" ids: [ID!]!): [Pot]!", "some: [Pot!]!", "Query.some returns [Pot!]!, which is never null"},
		"connection without edges":      {"edges: [PotEdge!]!", "edge: PotEdge", "PotConnection has no edges: [PotEdge!]!"},
		"connection without nodes":      {"nodes: [Pot!]!", "nodes: [Pot!]", "PotConnection has no nodes: [Pot!]!"},
		"connection without info":       {"pageInfo: PageInfo!", "pageInfo: PageInfo", "PotConnection has no pageInfo: PageInfo!"},
		"connection without count":      {"totalCount: Int", "count: Int", "PotConnection has no totalCount: Int"},
		"count never null":              {"totalCount: Int", "totalCount: Int!", "PotConnection has no totalCount: Int"},
		"edge without cursor":           {"cursor: String!", "place: String!", "PotEdge has no cursor: String!"},
		"edge without node":             {"node: Pot!", "pot: Pot!", "PotEdge has no node: Pot!"},
		"edge misnamed":                 {"PotEdge", "PotRim", "PotConnection has no type PotEdge beside it"},
		"connection one way":            {`"How many." last: Int`, ``, "Query.pots is a connection without the argument last: Int"},
		"connection with a wrong first": {`first: Int`, `first: String`, "Query.pots is a connection without the argument first: Int"},
		"connection never null":         {`before: String): PotConnection`, `before: String): PotConnection!`, "Query.pots returns PotConnection!: a connection"},
		"type in snake_case":            {"MakePotResult", "Make_Pot_Result", "Make_Pot_Result is not in PascalCase"},
		"field in snake_case":           {"hasNextPage", "has_next_page", "PageInfo.has_next_page is not in camelCase"},
		"argument in capitals":          {`"Which." ids`, `"Which." IDS`, "Query.some(IDS:) is not in camelCase"},
		"enum value in lower case":      {"  SMALL", "  small", "Size.small is not in SCREAMING_SNAKE_CASE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good, test.old) {
				t.Fatalf("the good schema has no %q to change", test.old)
			}
			problems := schemalint.Check(load(t, strings.ReplaceAll(good, test.old, test.new)))
			found := slices.ContainsFunc(problems, func(p schemalint.Problem) bool { return strings.Contains(p.String(), test.want) })
			if !found {
				t.Errorf("problems = %v, want one with %q", problems, test.want)
			}
		})
	}
}
