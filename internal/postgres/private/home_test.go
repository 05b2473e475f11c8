//go:build linux || darwin

package private_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/private"
)

// asOwner makes a command run as the owner of the database files in dir.
func asOwner(t testing.TB, cmd *exec.Cmd, dir string) {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, "postgres", "data"))
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if int(owner.Uid) != os.Geteuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
}

func TestHalfFinishedDatabaseIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	draft := filepath.Join(dir, "postgres", "data.tmp")
	if err := os.MkdirAll(filepath.Join(draft, "base"), 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(draft, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, start(t, private.Config{Dir: dir}), "select 1")
	if _, err := os.Stat(draft); !os.IsNotExist(err) {
		t.Errorf("the half-finished database: got %v, want it gone", err)
	}
}

func TestFolderThatIsNoDatabaseIsRefusedAndUntouched(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	data := filepath.Join(dir, "postgres", "data")
	if err := os.MkdirAll(data, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "thesis.txt"), []byte("irreplaceable"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := fingerprint(t, data)
	names(t, refused(t, private.Config{Dir: dir}), data, "move it out of the way")
	if after := fingerprint(t, data); after != before {
		t.Errorf("the folder was touched: got %s, want %s", after, before)
	}
}

func TestPathTooLongOrOddForASocketWorks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		below     string
		elsewhere bool
	}{
		"long":  {strings.Repeat("a-rather-long-name/", 8), true},
		"comma": {"data,base", true},
		"quote": {`the "base"`, true},
		"odd":   {"a b'c%20&d?é#$x", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := seeded(t)
			dir := filepath.Join(root, c.below)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(root, "postgres"), filepath.Join(dir, "postgres")); err != nil {
				t.Fatal(err)
			}
			s := start(t, private.Config{Dir: dir, Volatile: true})
			holds(t, s)
			elsewhere, err := os.Readlink(filepath.Join(dir, "postgres", "run"))
			if got := err == nil; got != c.elsewhere {
				t.Fatalf("socket elsewhere: got %v (%s, %v), want %v", got, elsewhere, err, c.elsewhere)
			}
			stop(t, s)
			if c.elsewhere {
				if _, err := os.Stat(elsewhere); !os.IsNotExist(err) {
					t.Errorf("the temporary folder after stop: got %v, want it gone", err)
				}
			}
		})
	}
}

func TestTemporaryFolderOfAKilledGatewayIsRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), strings.Repeat("a-rather-long-name/", 8))
	p := launch(t, dir)
	seen := make(map[string]bool)
	if err := p.take(1, 0, seen); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := os.Readlink(filepath.Join(dir, "postgres", "run"))
	if err != nil {
		t.Fatal(err)
	}
	kill(t, p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.finish(seen)
	start(t, private.Config{Dir: dir})
	if _, err := os.Stat(elsewhere); !os.IsNotExist(err) {
		t.Errorf("%s: got %v, want it gone", elsewhere, err)
	}
}

func TestDirectoryThroughALinkIsTheSameOne(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	start(t, private.Config{Dir: dir, Volatile: true})
	names(t, refused(t, private.Config{Dir: link}), "in use")
}

func TestMissingPasswordIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	password := filepath.Join(dir, "postgres", "password")
	if err := os.Rename(password, password+".away"); err != nil {
		t.Fatal(err)
	}
	names(t, refused(t, private.Config{Dir: dir}), password, "restore it")
	if err := os.Rename(password+".away", password); err != nil {
		t.Fatal(err)
	}
	holds(t, start(t, private.Config{Dir: dir}))
}

func TestServerLeftBehindIsEndedBeforeTheNextStart(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	bin := template.bin
	data := filepath.Join(dir, "postgres", "data")
	orphan := exec.CommandContext(t.Context(), filepath.Join(bin, "postgres"), "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories="+data)
	orphan.Stderr = t.Output()
	orphan.Env = []string{"LC_ALL=C"}
	asOwner(t, orphan, dir)
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, data)

	s := start(t, private.Config{Dir: dir})
	if err := orphan.Wait(); err != nil {
		t.Errorf("the orphan: got %v, want a clean end", err)
	}
	holds(t, s)
}

// awaitReady waits until a server says in its file that it is ready.
func awaitReady(t testing.TB, data string) {
	t.Helper()
	await(t, "the server is ready", func() bool {
		b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
		return err == nil && strings.Contains(string(b), "\nready")
	})
}

// await waits until a claim holds, half a minute at most.
func await(t testing.TB, claim string, holds func() bool) {
	t.Helper()
	again, end := time.NewTicker(5*time.Millisecond), time.NewTimer(30*time.Second)
	defer again.Stop()
	defer end.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-end.C:
			t.Fatalf("after half a minute it is still not so that %s", claim)
		}
	}
}

func TestStalePIDFileOfAStrangerOrAZombieIsNoObstacle(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"idle", "brief"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			dir := seeded(t)
			data := filepath.Join(dir, "postgres", "data")
			stranger := role(t, part)
			asOwner(t, stranger, dir)
			stranger.Path = "/proc/self/exe" // the test binary may lie where only we can go
			input, err := stranger.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := stranger.Start(); err != nil {
				t.Fatal(err)
			}
			pid := strconv.Itoa(stranger.Process.Pid)
			if part == "brief" {
				awaitZombie(t, pid)
			}
			file := pid + "\n" + data + "\n1\n5432\n\n\n"
			if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			holds(t, start(t, private.Config{Dir: dir}))
			_ = input.Close()
			if err := stranger.Wait(); err != nil {
				t.Errorf("the stranger: got %v, want it unharmed", err)
			}
		})
	}
}

// awaitZombie waits until the process is dead and not yet waited for.
func awaitZombie(t testing.TB, pid string) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no zombies to be seen here")
	}
	await(t, "the process is a zombie", func() bool {
		b, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		return err == nil && strings.Contains(string(b), ") Z ")
	})
}
