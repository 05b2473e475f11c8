package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"barograph/internal/postgres/postgrestest"
)

// TestScripts runs the command line as testdata/script tells.
func TestScripts(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			bin := filepath.Join(e.WorkDir, "bin")
			if err := os.Mkdir(bin, 0o755); err != nil {
				return err
			}
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv(asMain, "1")
			e.Setenv("BAROGRAPH_DATA_DIR", filepath.Join(tempDir(t), "data"))
			return os.Symlink(self, filepath.Join(bin, "barograph"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// database NAME puts the URL of a new database into a variable.
			"database": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Setenv(args[0], postgrestest.Database(t))
			},
			// sealed FILE puts a record into the database, sealed by the keyset in a file.
			"sealed": func(ts *testscript.TestScript, _ bool, args []string) {
				g := serve(t, ts.MkAbs("data"), "--database-url", ts.Getenv("DATABASE_URL"), "--keyset-file", ts.MkAbs(args[0]))
				g.data(t, `mutation { processPayload(input: { payload: { id: "a" } }) { duplicate } }`, nil)
			},
			// gateway NAME starts a gateway and puts its address into a variable.
			"gateway": func(ts *testscript.TestScript, _ bool, args []string) {
				g := serve(t, filepath.Join(tempDir(t), "data"))
				ts.Setenv(args[0], g.url[len("http://"):])
			},
		},
	})
}
