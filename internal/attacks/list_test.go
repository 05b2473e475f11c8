package attacks_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// excused are the attacks that no test tries, and why. Whoever writes the test
// drops the excuse.
var excused = map[string]string{}

// TestEveryAttackIsTried goes through the list that BAROGRAPH_ATTACKS names, of all
// attacks that the program has to withstand, and looks for the tests that try them,
// wherever they are. It tells of each, so that they can be run.
func TestEveryAttackIsTried(t *testing.T) {
	t.Parallel()
	path := os.Getenv("BAROGRAPH_ATTACKS")
	if path == "" {
		t.Skip("BAROGRAPH_ATTACKS names no list")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ ID, Category, Name string }
	if err := yaml.Unmarshal(text, &list); err != nil || len(list) == 0 {
		t.Fatalf("read %s: %d attacks, %v", path, len(list), err)
	}
	tests, onProgram := numberedTests(t, filepath.Join("..", ".."))
	for _, a := range list {
		tried, why := tests[a.ID], excused[a.ID]
		switch {
		case len(tried) > 0 && why != "":
			t.Errorf("%s %s: excused, since %s, and tried by %s", a.ID, a.Name, why, strings.Join(tried, ", "))
		case len(tried) > 0:
			how := "tried in process"
			if slices.ContainsFunc(tried, func(test string) bool { return onProgram[test] }) {
				how = "tried"
			}
			t.Logf("%s %s: %s: %s by %s", a.ID, a.Category, a.Name, how, strings.Join(tried, ", "))
		case why != "":
			t.Logf("%s %s: %s: not tried: %s", a.ID, a.Category, a.Name, why)
		default:
			t.Errorf("%s %s: %s: no test tries it", a.ID, a.Category, a.Name)
		}
	}
}

var (
	number = regexp.MustCompile(`\bA\d{3}\b`)
	title  = regexp.MustCompile(`^A\d{3}( |$)`)
)

// numberedTests returns the tests below a folder by the attacks whose numbers are in
// their comments, or begin a text in them, as the name of a case does: each as its
// package's folder and its name. It tells those apart that try the built program: this
// package's, unless their file has to do with a gateway in the test's own process.
func numberedTests(t *testing.T, root string) (found map[string][]string, onProgram map[string]bool) {
	t.Helper()
	found, onProgram = map[string][]string{}, map[string]bool{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		inProcess := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"barograph/internal/gatewaytest"` })
		for _, declaration := range file.Decls {
			test, is := declaration.(*ast.FuncDecl)
			if !is || test.Recv != nil || !strings.HasPrefix(test.Name.Name, "Test") {
				continue
			}
			numbers := number.FindAllString(test.Doc.Text(), -1)
			ast.Inspect(test.Body, func(n ast.Node) bool {
				if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil && title.MatchString(text) {
						numbers = append(numbers, text[:4])
					}
				}
				return true
			})
			slices.Sort(numbers)
			for _, id := range slices.Compact(numbers) {
				found[id] = append(found[id], folder+" "+test.Name.Name)
			}
			onProgram[folder+" "+test.Name.Name] = folder == filepath.Join("internal", "attacks") && !inProcess
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, onProgram
}
