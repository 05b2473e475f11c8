package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"barograph/auth"
	"barograph/graph/access"
	"barograph/graph/federation"
	"barograph/internal/fault"
	"barograph/internal/settings"
)

var update = flag.Bool("update", false, "write what the docs take from the code")

// TestDocsListTheSettingsOfTheCode keeps docs/settings.md what the code says;
// with -update it writes it.
func TestDocsListTheSettingsOfTheCode(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&commandLine{})
	if err != nil {
		t.Fatal(err)
	}
	agree(t, "docs/settings.md", "settings", strings.ReplaceAll(settings.Table(parser.Model), "`"+dataDir()+"`", "by user and system, see below"))
}

// agree keeps a part of a file, between two comments that name it, what the code
// says; with -update it writes it.
func agree(t *testing.T, path, name, table string) {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s does not say where the table goes", path)
	}
	want := before + begin + table + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is not what the code says; go test . -run Docs -update writes it", path)
	}
}

// TestDocsListEveryErrorCode keeps docs/errors.md complete.
func TestDocsListEveryErrorCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for kind := fault.Internal; kind <= fault.UpstreamRateLimited; kind++ {
		if !strings.Contains(string(text), "`"+kind.Code()+"`") {
			t.Errorf("docs/errors.md does not mention %s", kind.Code())
		}
	}
}

// TestDocsSayWhoMayDoWhat keeps the tables of docs/authorization.md what the code
// and the schema say; with -update it writes them.
func TestDocsSayWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	var roles strings.Builder
	roles.WriteString("| scope | viewer | producer | operator | admin |\n|---|---|---|---|---|\n")
	for _, name := range auth.Scopes(auth.All).Names() {
		scope, err := auth.ParseScope(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&roles, "| `%s` |", name)
		for _, role := range auth.Roles {
			mark := " |"
			if role.Scopes().Has(scope) {
				mark = " yes |"
			}
			roles.WriteString(mark)
		}
		roles.WriteString("\n")
	}
	schema := federation.Schema(false)
	rules, err := access.NewRules(schema)
	if err != nil {
		t.Fatal(err)
	}
	var fields strings.Builder
	fields.WriteString("| field | takes |\n|---|---|\n")
	for _, of := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range of.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				fmt.Fprintf(&fields, "| `%s.%s` | %s |\n", of.Name, f.Name, takes(rules.Of(of.Name, f.Name)))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		of := schema.Types[name]
		if of.Kind != ast.Object || slices.Contains([]*ast.Definition{schema.Query, schema.Mutation, schema.Subscription}, of) {
			continue
		}
		usual := takes(rules.Of(name, of.Fields[0].Name)) // most often its id
		for _, f := range of.Fields {
			if takes(rules.Of(name, f.Name)) != usual {
				fmt.Fprintf(&fields, "| `%s.%s` | %s |\n", name, f.Name, takes(rules.Of(name, f.Name)))
			}
		}
	}
	agree(t, "docs/authorization.md", "roles", roles.String())
	agree(t, "docs/authorization.md", "fields", fields.String())
}

// takes returns a rule in words, without those alternatives that whoever meets the
// others meets as well.
func takes(rule access.Rule) string {
	var all []string
	for i, alternatives := range rule {
		if slices.ContainsFunc(rule[:i], func(others []auth.Scopes) bool { return implies(others, alternatives) }) ||
			slices.ContainsFunc(rule[i+1:], func(others []auth.Scopes) bool {
				return implies(others, alternatives) && !implies(alternatives, others)
			}) {
			continue
		}
		texts := make([]string, len(alternatives))
		for k, scopes := range alternatives {
			if texts[k] = "a credential"; scopes != 0 {
				texts[k] = "`" + strings.Join(scopes.Names(), "` and `") + "`"
			}
		}
		all = append(all, strings.Join(texts, " or "))
	}
	return strings.Join(all, "; and ")
}

// implies reports whether whoever has one of the scopes has one of the others.
func implies(one, others []auth.Scopes) bool {
	return !slices.ContainsFunc(one, func(s auth.Scopes) bool {
		return !slices.ContainsFunc(others, func(o auth.Scopes) bool { return s.Has(o) })
	})
}
