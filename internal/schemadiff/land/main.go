// Land moves landed.graphqls, the schema that clients rely on, on to
// schema.graphqls, and says what changes for them. It refuses what breaks them
// unless it is told, by -break, that this is meant. With -from and -to it
// compares two other files and changes nothing.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/internal/schemadiff"
)

// Where `go generate` runs is internal/schemadiff.
const landed, current = "landed.graphqls", "../../schema.graphqls"

func main() {
	from := flag.String("from", landed, "the schema that clients rely on")
	to := flag.String("to", current, "the schema to compare with it")
	meant := flag.Bool("break", false, "land what breaks clients")
	flag.Parse()
	if err := run(os.Stdout, *from, *to, *meant); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run compares two schemas, and lands the second if the first is the landed one.
func run(out io.Writer, from, to string, meant bool) error {
	was, before, err := read(from)
	if err != nil {
		return err
	}
	is, after, err := read(to)
	if err != nil {
		return err
	}
	broken := 0
	for _, change := range schemadiff.Compare(before, after, time.Now()) {
		_, _ = fmt.Fprintln(out, change)
		if change.Severity == schemadiff.Breaking {
			broken++
		}
	}
	if broken > 0 && !meant {
		return fmt.Errorf("%d changes from %s to %s break clients", broken, from, to)
	}
	if from != landed || to != current || bytes.Equal(was, is) {
		return nil
	}
	return os.WriteFile(landed, is, 0o644) //nolint:gosec // a file of the repository, for everyone to read
}

func read(name string) ([]byte, *ast.Schema, error) {
	text, err := os.ReadFile(name) //nolint:gosec // what the command line says
	if err != nil {
		return nil, nil, err
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: name, Input: string(text)})
	if err != nil {
		return nil, nil, fmt.Errorf("read schema: %w", err)
	}
	return text, schema, nil
}
