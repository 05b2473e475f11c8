//go:build linux

package private_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"barograph/internal/postgres/private"
)

// needsRoot skips the half of the tests that only root can do.
func needsRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may become somebody else")
	}
}

const nobody = 65534

func TestOrdinaryUserNeedsNoRoot(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	dir := folder(t)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	tests := role(t, "") // an ordinary run of the tests
	tests.Path = "/proc/self/exe"
	tests.Args = []string{"private.test", "-test.v", "-test.run", "^(" + strings.Join([]string{
		"TestDataSurvivesStopAndStart", "TestNobodyLogsInWithoutThePassword", "TestSecondStartOnADirectoryIsRefusedAndTheFirstGoesOn",
		"TestKilledServerIsRestartedByItself", "TestServerLeftBehindIsEndedBeforeTheNextStart", "TestStalePIDFileOfAStrangerOrAZombieIsNoObstacle",
		"TestArchiveInTheCacheIsUnpackedForTheDatabaseThatNeedsIt",
	}, "|") + ")$"}
	tests.Env = append(tests.Env, "HOME="+dir, "TMPDIR="+dir)
	tests.Dir = dir
	tests.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	tests.Stderr = nil
	out, err := tests.CombinedOutput()
	if err != nil {
		t.Errorf("the tests as nobody: %v\n%s", err, out)
	}
	if got := strings.Count(string(out), "\n--- PASS: "); got != 7 {
		t.Errorf("the tests as nobody: got %d passed, want 7\n%s", got, out)
	}
}

func TestServerOfRootRunsAsSomebodyElse(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	dir := seeded(t)
	s := start(t, private.Config{Dir: dir, Volatile: true})
	info, err := os.Stat(filepath.Join(dir, "postgres", "data"))
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	conn := connect(t, s)
	process, err := os.Stat(filepath.Join("/proc", strconv.Itoa(int(conn.PgConn().PID()))))
	if err != nil {
		t.Fatal(err)
	}
	if got := process.Sys().(*syscall.Stat_t).Uid; got != owner || got == 0 {
		t.Errorf("user id of the server: got %d, want %d, the owner of the files, and not root", got, owner)
	}
}

func TestOwnerOfTheFilesRunsTheServer(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	dir := seeded(t)
	// As if the files came from a machine without a user postgres.
	data := filepath.Join(dir, "postgres", "data")
	err := filepath.WalkDir(data, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, start(t, private.Config{Dir: dir}))
}

func TestDirectoryThatTheServerCannotEnterIsNamed(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	closed := filepath.Join(folder(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(closed, "below", "data")
	err := refused(t, private.Config{Dir: dir})
	names(t, err, closed+" (mode 0700)", "chmod o+x")
	if err := os.Chmod(closed, 0o711); err != nil {
		t.Fatal(err)
	}
	start(t, private.Config{Dir: dir, Volatile: true})
}

func TestUserWithoutANameIsToldSo(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	dir := folder(t)
	if err := os.Chown(dir, 54321, 54321); err != nil {
		t.Fatal(err)
	}
	p := role(t, "gateway", "DIR="+dir)
	p.Path = "/proc/self/exe"
	p.Dir = dir
	p.Stderr = nil
	p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}
	if _, err := p.StdinPipe(); err != nil { // it would stop at the end of its input
		t.Fatal(err)
	}
	out, err := p.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "run as a user that /etc/passwd lists") {
		t.Errorf("got %v, %q, want advice about /etc/passwd", err, out)
	}
}
