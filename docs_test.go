package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"barograph/internal/fault"
	"barograph/internal/settings"
)

var update = flag.Bool("update", false, "write what the docs take from the code")

// TestDocsListTheSettingsOfTheCode keeps docs/settings.md what the code says;
// with -update it writes it.
func TestDocsListTheSettingsOfTheCode(t *testing.T) {
	t.Parallel()
	const begin, end, path = "<!-- settings -->\n", "<!-- end of settings -->", "docs/settings.md"
	parser, err := newParser(&commandLine{})
	if err != nil {
		t.Fatal(err)
	}
	table := strings.ReplaceAll(settings.Table(parser.Model), "`"+dataDir()+"`", "by user and system, see below")
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
