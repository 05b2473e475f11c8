package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres/postgrestest"
)

// refused runs a gateway that must not start, and say why.
func refused(t *testing.T, want []string, args ...string) {
	t.Helper()
	g := launch(t, command(t, append([]string{"--listen", "127.0.0.1:0", "--weather", "simulator"}, args...)...))
	code := g.wait(t)
	for _, text := range want {
		if code == 0 || !strings.Contains(g.out.String(), text) {
			t.Errorf("exit code %d, want another than 0 and %q; it printed:\n%s", code, text, g.out)
		}
	}
}

func TestGatewayWhoseKeysetGoesAwayServesOnAndDoesNotStartAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	file := filepath.Join(dir, "keyset.json")
	g := serve(t, dir)
	submit(t, g, "before")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) {
		t.Errorf("the keyset that was made: %v, %v, want one of our own with mode 0600", info, err)
	}
	away := filepath.Join(dir, "away")
	if err := os.Rename(file, away); err != nil {
		t.Fatal(err)
	}
	for line := range g.out.lines {
		if strings.Contains(line, "could not start again") {
			break
		}
	}
	submit(t, g, "after")
	if got := g.data(t, `{ records { nodes { payload } } }`, nil); !strings.Contains(got, `"before"`) || !strings.Contains(got, `"after"`) {
		t.Errorf("without its keyset's file, the gateway answers %s", got)
	}
	g.signal(t, syscall.SIGTERM)
	g.wait(t)

	refused(t, []string{"the records in the database are sealed", "bring back " + file}, "--data-dir", dir)
	if _, err := os.Stat(file); err == nil {
		t.Error("another keyset was made")
	}
	if err := os.WriteFile(file, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, []string{"keyset of " + file, "it is no keyset"}, "--data-dir", dir)
	other := filepath.Join(tempDir(t), "other.json")
	made := launch(t, command(t, "keyset", "new", "--keyset-file", other))
	if made.wait(t) != 0 {
		t.Fatal(made.out)
	}
	refused(t, []string{"the database is sealed by key", "give the keyset that the database was sealed with"}, "--data-dir", dir, "--keyset-file", other)
	refused(t, []string{"no such file", "barograph keyset new"}, "--data-dir", dir, "--keyset-file", other+"2")

	if err := os.Rename(away, file); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	g = serve(t, dir)
	if got := g.data(t, `{ records { nodes { payload } } }`, nil); !strings.Contains(got, `"before"`) || !strings.Contains(got, `"after"`) {
		t.Errorf("with its keyset again, the gateway answers %s", got)
	}
	if !strings.Contains(g.out.String(), "should be 0600") {
		t.Errorf("it does not warn of a keyset that others may read:\n%s", g.out)
	}
}

func TestGatewaysOfOneDatabaseNeedOneKeyset(t *testing.T) {
	t.Parallel()
	database, dir := postgrestest.Database(t), tempDir(t)
	first, second := filepath.Join(dir, "1"), filepath.Join(dir, "2")
	g := serve(t, first, "--database-url", database)
	submit(t, g, "a")
	if out := g.out.String(); !strings.Contains(out, "give it to every other gateway") || !strings.Contains(out, filepath.Join(first, "keyset.json")) {
		t.Errorf("it does not say loudly where it made a keyset:\n%s", out)
	}
	refused(t, []string{"the records in the database are sealed", "that other gateways of the database use"}, "--data-dir", second, "--database-url", database)
	if _, err := os.Stat(filepath.Join(second, "keyset.json")); err == nil {
		t.Error("a second keyset was made")
	}

	keyset, err := os.ReadFile(filepath.Join(first, "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	other := command(t, "--listen", "127.0.0.1:0", "--weather", "simulator", "--data-dir", second, "--database-url", database)
	other.Env = append(other.Env, "BAROGRAPH_KEYSET="+string(keyset))
	if got := start(t, other).data(t, `{ record(payloadId: "a") { payload } }`, nil); !strings.Contains(got, `{"id":"a"}`) {
		t.Errorf("the second gateway answers %s", got)
	}
}

func TestKeyThatARecordNeedsIsNotPruned(t *testing.T) {
	t.Parallel()
	database, dir := postgrestest.Database(t), tempDir(t)
	file := filepath.Join(dir, "keys.json")
	keyset := func(args ...string) (code int, out string) {
		ran := launch(t, command(t, append([]string{"keyset", "--keyset-file", file, "--database-url", database}, args...)...))
		code = ran.wait(t)
		return code, ran.out.String()
	}
	if code, out := keyset("new"); code != 0 {
		t.Fatal(out)
	}
	g := serve(t, filepath.Join(dir, "data"), "--database-url", database, "--keyset-file", file)
	submit(t, g, "a")
	worked := lock(t, database, `select from records for update`) // which the rotation passes over
	if code, out := keyset("rotate"); code != 0 {
		t.Fatal(out)
	}
	deadline := time.Now().Add(time.Minute)
	code, out := keyset("prune", "--yes", "--after", "0s")
	for ; strings.Contains(out, "no gateway has begun") && time.Now().Before(deadline); code, out = keyset("prune", "--yes", "--after", "0s") {
	}
	if code == 0 || !strings.Contains(out, "is needed: 1 records are sealed by it") {
		t.Errorf("prune exits with %d, want another than 0 and that the key is needed; it printed:\n%s", code, out)
	}
	if _, out := keyset("show"); strings.Count(out, "opens") != 1 {
		t.Errorf("the key is not in the keyset any more:\n%s", out)
	}
	worked()
	if got := g.data(t, `{ record(payloadId: "a") { payload } }`, nil); !strings.Contains(got, `{"id":"a"}`) {
		t.Errorf("after the rotation, the gateway answers %s", got)
	}
}

// lock locks what a statement selects, until unlock or the end of the test.
func lock(t *testing.T, database, statement string) (unlock func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := conn.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), statement)
	}
	if err != nil {
		t.Fatal(err)
	}
	unlock = sync.OnceFunc(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	t.Cleanup(unlock)
	return unlock
}
