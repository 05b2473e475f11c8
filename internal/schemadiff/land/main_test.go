package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// in makes a directory where go generate could run, with both schemas in it.
func in(t *testing.T, was, is string) {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "internal", "schemadiff")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for name, text := range map[string]string{landed: was, current: is} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLandMovesTheSchemaOn(t *testing.T) {
	const was, is = "type Query { a: Int }", "type Query { a: Int b: Int }"
	in(t, was, is)
	if err := run(&bytes.Buffer{}, landed, current, false); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(landed); string(got) != is {
		t.Errorf("landed = %s, want %s", got, is)
	}
}

func TestLandRefusesToBreakUnlessThatIsMeant(t *testing.T) {
	const was, is = "type Query { a: Int b: Int }", "type Query { a: Int }"
	in(t, was, is)
	var out bytes.Buffer
	err := run(&out, landed, current, false)
	if err == nil || !strings.Contains(out.String(), "breaking: Query.b is gone") {
		t.Errorf("error = %v, output = %q, want a refusal because of Query.b", err, &out)
	}
	if got, _ := os.ReadFile(landed); string(got) != was {
		t.Errorf("landed = %s, want %s", got, was)
	}
	if err := run(&out, landed, current, true); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(landed); string(got) != is {
		t.Errorf("landed = %s, want %s", got, is)
	}
}

func TestLandSaysWhatIsNoSchema(t *testing.T) {
	in(t, "type Query { a: Int }", "type Query {")
	if err := run(&bytes.Buffer{}, landed, current, true); err == nil || !strings.Contains(err.Error(), "schema.graphqls") {
		t.Errorf("error = %v, want one that names schema.graphqls", err)
	}
}
