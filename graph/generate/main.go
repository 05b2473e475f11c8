// Generate writes graph/generated: it runs gqlgen, and then makes what that wrote
// leave @defer to graph/incremental. gqlgen answers null for deferred fields until
// they come, defers only what has a resolver, and has no way to be told otherwise.
// It is run by go generate, in the root of the module, and fails if gqlgen's code
// is not the one it knows.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"regexp"
)

const file = "graph/generated/generated.go"

func main() {
	if err := generate(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	gqlgen := exec.Command("go", "tool", "gqlgen", "generate") //nolint:noctx // it ends by itself
	gqlgen.Stdout, gqlgen.Stderr = os.Stdout, os.Stderr
	if err := gqlgen.Run(); err != nil {
		return fmt.Errorf("gqlgen: %w", err)
	}
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if source, err = rewrite(source); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, source, 0o644) //nolint:gosec // source code is for everybody to read
}

// An edit replaces something that stands once in each object's function, or
// once in the file.
type edit struct {
	name        string
	find        *regexp.Regexp
	replacement string
}

// function is the one that resolves an object: its name, whether there is
// something it is resolved on, and its body.
var function = regexp.MustCompile(`(?s)\nfunc \(ec \*executionContext\) (_\w+)\(ctx context\.Context, sel ast\.SelectionSet(, obj [^\n]+?)?\) graphql\.Marshaler \{\n.*?\n\}\n`)

var (
	collect = edit{"the collection of fields", regexp.MustCompile(`fields := graphql\.CollectFields\((ec\.OperationContext, sel, \w+)\)`),
		`fields, later := incremental.Fields(ctx, $1)`}
	group = edit{"the group of deferred fields", regexp.MustCompile(`\n\tdeferred := graphql\.NewDeferredGroup\(ctx\)`), ``}
	join  = edit{"the end of an object", regexp.MustCompile(`if n := len\(deferred\.Defers\); n > 0 \{\n\t\tatomic\.AddInt32\(&ec\.Deferred, int32\(min\(n, math\.MaxInt32\)\)\)\n\t\tec\.ProcessDeferredGroup\(deferred\)\n\t\}`),
		`if later != nil {
		return later.Join(ctx, out, func(ctx context.Context, sel ast.SelectionSet) graphql.Marshaler {
			return ec.FUNCTION
		})
	}`}

	// Nothing that gets there is deferred.
	resolve = regexp.MustCompile(`out\.ResolveConcurrently\(ec\.OperationContext, &deferred, i,`)

	inExec = []edit{
		{"the first response", regexp.MustCompile(`return &response\n`), "return incremental.First(opCtx, &response)\n"},
		{"the later responses", regexp.MustCompile(`(?s)var response graphql\.Response\n\t\t\tvar data graphql\.Marshaler\n\t\t\tif first \{\n(.*?)\n\t\t\t\} else \{\n.*?\n\t\t\t\}\n(\t\t\tvar buf bytes\.Buffer\n.*?response\.Data = buf\.Bytes\(\)\n).*?\n\t\t\t\}\n`),
			"if !first {\n\t\t\t\treturn incremental.Next(ctx, opCtx)\n\t\t\t}\n\t\t\tvar response graphql.Response\n\t\t\tvar data graphql.Marshaler\n$1\n$2\n"},
		{"the imports", regexp.MustCompile(`\nimport \(\n`), "\nimport (\n\t\"barograph/graph/incremental\"\n"},
	}
)

// rewrite returns gqlgen's code with @defer left to graph/incremental.
func rewrite(source []byte) ([]byte, error) {
	objects := 0
	var failure error
	source = function.ReplaceAllFunc(source, func(body []byte) []byte {
		if !bytes.Contains(body, []byte("graphql.NewFieldSet(fields)")) {
			return body // of an interface or a union: it hands on to its objects
		}
		objects++
		name := function.FindSubmatch(body)
		call := string(name[1]) + "(ctx, sel)"
		if len(name[2]) > 0 {
			call = string(name[1]) + "(ctx, sel, obj)"
		}
		ending := join
		ending.replacement = string(bytes.ReplaceAll([]byte(join.replacement), []byte("FUNCTION"), []byte(call)))
		for _, e := range []edit{collect, group, ending} {
			var err error
			if body, err = e.apply(body); err != nil && failure == nil {
				failure = fmt.Errorf("%s: %w", name[1], err)
			}
		}
		return resolve.ReplaceAll(body, []byte("out.ResolveConcurrently(ec.OperationContext, nil, i,"))
	})
	if failure != nil {
		return nil, failure
	}
	if objects == 0 {
		return nil, fmt.Errorf("there are no objects: gqlgen has changed")
	}
	for _, e := range inExec {
		var err error
		if source, err = e.apply(source); err != nil {
			return nil, err
		}
	}
	for _, leftover := range []string{"DeferredGroup", "ec.Deferred", "&deferred", "PendingDeferred"} {
		if bytes.Contains(source, []byte(leftover)) {
			return nil, fmt.Errorf("%s is still there: gqlgen has changed", leftover)
		}
	}
	if !bytes.Contains(source, []byte("math.")) {
		source = bytes.Replace(source, []byte("\t\"math\"\n"), nil, 1)
	}
	return format.Source(source)
}

// apply makes the edit where it is to be made, which is in one place.
func (e edit) apply(source []byte) ([]byte, error) {
	if n := len(e.find.FindAllIndex(source, -1)); n != 1 {
		return nil, fmt.Errorf("%s is there %d times instead of once: gqlgen has changed", e.name, n)
	}
	return e.find.ReplaceAll(source, []byte(e.replacement)), nil
}
